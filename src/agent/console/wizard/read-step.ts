import type { Toolset } from '../../tools/tool.ts';
import { toolsetLabels } from '../catalogue.ts';
import type { Draft, DraftValues, StepId, Way } from './draft.ts';
import { refusedKubeconfig } from './kubeconfig-text.ts';

/** A sentence for each field that needs another look, by its name. */
export type Faults = Record<string, string>;

type Reader = (form: Form, draft: Draft, faults: Faults) => Partial<DraftValues>;

/**
 * Takes over what a step's form says, faults and all, so that nobody has to type anything twice. Secrets that are left empty
 * stay as they were given before.
 */
export function readStep(step: StepId, fields: URLSearchParams, draft: Draft): Faults {
  const faults: Faults = {};
  const read = readers[step];
  if (!read) return faults;
  const before = JSON.stringify(connectionOf(draft));
  Object.assign(draft.values, read(new Form(fields), draft, faults));
  // What was tested is not what stands there any more.
  if (JSON.stringify(connectionOf(draft)) !== before) draft.test = undefined;
  if (Object.keys(faults).length === 0) draft.done.add(step);
  else draft.done.delete(step);
  return faults;
}

const readers: Partial<Record<StepId, Reader>> = {
  name: (form, { editing }, faults) => {
    const name = editing?.name ?? form.text('name');
    if (!/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
      faults['name'] =
        'The name has to be 1 to 63 lower-case letters, digits and hyphens, as it becomes part of the URL.';
    const description = form.text('description');
    if (description === '')
      faults['description'] = 'Describe the server: agents read it to decide when to use the tools.';
    if (description.length > 2000)
      faults['description'] = 'The description has to be at most 2,000 characters.';
    return { name, description };
  },

  behaviour: (form, _draft, faults) => {
    const timeoutSeconds = form.wholeNumber('timeout', 5, 60, faults, 'The time-out');
    const known = new Set(toolsetLabels.map(({ id }) => id));
    const toolsets = form.all('toolsets').filter((id): id is Toolset => known.has(id as Toolset));
    if (toolsets.length === 0) faults['toolsets'] = 'Choose at least one group of tools.';
    const registries = form
      .text('registries')
      .split(/[\s,]+/)
      .filter(Boolean);
    const odd = registries.find(
      (one) => !/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d+)?(\/[a-z0-9._-]+)*$/.test(one),
    );
    if (odd !== undefined)
      faults['registries'] = `"${odd}" is not a registry, such as xpkg.crossplane.io or ghcr.io/my-team.`;
    return {
      timeoutSeconds,
      toolsets,
      registries,
      production: form.isOn('production'),
      readOnly: form.isOn('read-only'),
      confirmation: form.isOn('person') ? 'person' : 'any',
      style: form.text('style') === 'compact' ? 'compact' : 'named',
    };
  },

  'control-plane': (form, draft, faults) => {
    const way = form.oneOf('way', ['in-cluster', 'kubeconfig', 'url'], 'kubeconfig');
    const url = form.text('url');
    const ca = form.text('ca');
    const given = { kubeconfig: form.text('kubeconfig'), token: form.text('token') };
    for (const key of ['kubeconfig', 'token'] as const) {
      if (given[key] === '' || given[key] === draft.secrets[key]) continue;
      draft.secrets[key] = given[key];
      draft.test = undefined;
    }
    const stored = storedSecret(draft, way, url);
    if (way === 'kubeconfig') {
      const { kubeconfig } = draft.secrets;
      if (kubeconfig === undefined && !stored)
        faults['kubeconfig'] = 'Paste the kubeconfig of an account of the control plane.';
      const refused = kubeconfig === undefined ? undefined : refusedKubeconfig(kubeconfig);
      if (refused !== undefined) faults['kubeconfig'] = refused;
    }
    if (way === 'url') {
      if (!isHttps(url))
        faults['url'] = 'The address has to be an https URL, such as https://control-plane.example.org:6443.';
      if (draft.secrets.token === undefined && !stored)
        faults['token'] = 'Give the bearer token of an account of the control plane.';
      if (/[\s]/.test(draft.secrets.token ?? ''))
        faults['token'] = 'The token must not have spaces or line breaks.';
      if (ca !== '' && !/^-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----$/.test(ca))
        faults['ca'] = 'The authority has to be one or more PEM certificates.';
    }
    const [clusterId, claimNamespace] = [form.text('cluster-id'), form.text('claim-namespace')];
    if (clusterId === '' && claimNamespace !== '')
      faults['cluster-id'] = 'The claim namespace needs its cluster ID.';
    if (clusterId !== '' && !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(claimNamespace))
      faults['claim-namespace'] =
        'The cluster ID needs the namespace of the control plane that holds its claims.';
    return { way, url, ca, clusterId, claimNamespace };
  },

  callers: (form, _draft, faults) => {
    const door = form.oneOf('door', ['tokens', 'oauth', 'anonymous'], 'tokens');
    const caller = form.text('caller');
    if (door === 'tokens' && !/^[\x21-\x7e]{1,100}$/.test(caller))
      faults['caller'] = 'The caller needs a name without spaces: it stands in the audit log.';
    const issuer = form.text('issuer');
    if (door === 'oauth' && !isHttps(issuer))
      faults['issuer'] = 'The issuer has to be an https URL, as it stands in its tokens.';
    const isImpersonating = form.isOn('impersonate');
    const prefix = form.text('impersonation-prefix');
    if (
      isImpersonating &&
      (!/^[A-Za-z0-9][A-Za-z0-9._@/:-]*[:/#]$/.test(prefix) || /^system[:/#]/i.test(prefix))
    )
      faults['impersonation-prefix'] =
        'The prefix has to end with ":", "/" or "#", as in "agent:", and must not be "system:".';
    return {
      door,
      caller,
      issuer,
      audience: form.text('audience'),
      impersonationPrefix: isImpersonating ? prefix : '',
    };
  },

  limits: (form, { values }, faults) => {
    const log = form.oneOf('log', ['stdout', 'file', 'none'], 'stdout');
    const logPath = form.text('log-path');
    if (log === 'file' && !logPath.startsWith('/'))
      faults['log-path'] = 'The log file needs a whole path, such as /var/log/agent/calls.jsonl.';
    if (log === 'none' && values.production)
      faults['log'] = 'A server in production mode has to keep an audit log.';
    const calls = (name: string, what: string): number => form.wholeNumber(name, 0, 1_000_000, faults, what);
    return {
      log,
      logPath,
      readsPerMinute: calls('reads', 'Reads'),
      createsPerMinute: calls('creates', 'Creates'),
      destructivePerMinute: calls('destructive', 'Changes and deletions'),
    };
  },
};

/**
 * Whether the definition has the secret of this way, so that it need not be given again. A stored token goes to no other server than
 * the one it was given for: whoever may sign in here could have it sent to one of their own.
 */
export function storedSecret({ editing }: Draft, way: Way, url: string): boolean {
  const before = editing?.complete.controlPlane;
  if (way === 'kubeconfig') return before?.kubeconfig !== undefined;
  if (way === 'url')
    return before?.server !== undefined && URL.parse(url)?.origin === new URL(before.server.url).origin;
  return true;
}

function connectionOf({ values: { way, url, ca, toolsets, readOnly } }: Draft): unknown {
  return { way, url, ca, toolsets, readOnly };
}

function isHttps(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password, search, hash } = new URL(text);
  return protocol === 'https:' && `${username}${password}${search}${hash}` === '';
}

class Form {
  readonly #fields: URLSearchParams;

  constructor(fields: URLSearchParams) {
    this.#fields = fields;
  }

  text(name: string): string {
    // A form that is sent by the browser has CRLF in the place of each line break, one that a script sends has not.
    return (this.#fields.get(name) ?? '').replaceAll('\r\n', '\n').trim();
  }

  all(name: string): string[] {
    return this.#fields.getAll(name);
  }

  isOn(name: string): boolean {
    return this.#fields.has(name);
  }

  oneOf<const T extends string>(name: string, known: readonly T[], otherwise: T): T {
    return known.find((one) => one === this.text(name)) ?? otherwise;
  }

  /** NaN is never kept: a fault leaves the nearest that would be right. */
  wholeNumber(name: string, min: number, max: number, faults: Faults, what: string): number {
    const text = this.text(name);
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    faults[name] = `${what} has to be a whole number from ${min} to ${max.toLocaleString('en')}.`;
    return Number.isNaN(number) ? min : Math.min(max, Math.max(min, number));
  }
}
