import { ConnectorError, describeError } from '../../../base/errors.ts';
import type { ClusterAccess } from '../../../clusters/cluster-access.ts';
import { ApiError, KubeClient } from '../../../clusters/kube-client.ts';
import { readServerFacts } from '../../../clusters/server-facts.ts';
import { Transport } from '../../../clusters/transport.ts';
import { type Check, failed, ok, unknown, warning } from '../../../connecting/check.ts';
import { ClusterApi } from '../../cluster/cluster-api.ts';
import { discover, type DiscoveredResource } from '../../cluster/discovery.ts';
import type { Toolset } from '../../tools/tool.ts';
import { addressCheck, type Lookup } from './address-check.ts';
import { rightsChecks } from './rights-checks.ts';
import { unreachableCheck } from './unreachable-check.ts';

export interface ConnectionQuestion {
  access: ClusterAccess;
  toolsets: readonly Toolset[];
  readOnly: boolean;
  /** HTTPS_PROXY counts. */
  environmentProxy: boolean;
  resolve?: Lookup;
}

/** For all of it together; each request has its own 10 s. */
const timeoutMs = 25_000;

/**
 * Looks at the control plane as the gateway would use it, in the order in which one thing needs the other. Nothing is changed there.
 * Each check is one sentence, with what to do where it is not `ok`.
 */
export async function testConnection(question: ConnectionQuestion): Promise<Check[]> {
  const { access, toolsets, readOnly, environmentProxy, resolve } = question;
  const address = await addressCheck(access.proxyUrl ? new URL(access.proxyUrl) : access.server, resolve);
  // The name of what is behind a proxy is the proxy's to resolve.
  if (address.state === 'failed' && !access.proxyUrl) return [address];
  await using transport = new Transport(access, environmentProxy);
  const client = new KubeClient(transport, 'mcp-connector-console');
  const reached = await reachCheck(transport);
  if (reached.state === 'failed') return [address, reached];
  const known = await accountCheck(client);
  const checks = [address, reached, ...(access.skipsTlsVerify ? [unverified] : []), known];
  if (known.state === 'failed') return checks;
  const api = new ClusterApi({ client, readOnly: true, signal: AbortSignal.timeout(timeoutMs) });
  let resources: readonly DiscoveredResource[];
  try {
    resources = await discover(api);
  } catch (error) {
    const remedy =
      'give the account the ClusterRole system:discovery, which all authenticated users have by default';
    return [
      ...checks,
      failed('Crossplane', `what the control plane serves cannot be read: ${describeError(error)}`, remedy),
    ];
  }
  const crossplane = crossplaneCheck(resources);
  if (crossplane.state === 'failed') return [...checks, crossplane];
  return [...checks, crossplane, ...(await rightsChecks(client, resources, toolsets, readOnly))];
}

const unverified = warning(
  'Certificate',
  "the kubeconfig sets insecure-skip-tls-verify, so the control plane's certificate is not looked at, and anybody on the way can read the credential",
  'put its certificate-authority into the kubeconfig',
);

async function reachCheck(transport: Transport): Promise<Check> {
  const { host } = transport.access.server;
  try {
    const { version } = await readServerFacts(transport);
    return version === 'unknown'
      ? ok('Reachable', `${host} answers`)
      : ok('Reachable', `${host} answers, Kubernetes ${version}`);
  } catch (error) {
    if (error instanceof ConnectorError && error.code === 'credential-refused') return refused(host);
    return unreachableCheck(host, error);
  }
}

/** SelfSubjectReview tells the name of whoever asks, and needs no right; since Kubernetes 1.28. */
async function accountCheck(client: KubeClient): Promise<Check> {
  const subject = 'Account';
  const { host } = client.transport.access.server;
  try {
    const { status } = await client.create<{ status: { userInfo: { username: string } } }>(
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    );
    const { username } = status.userInfo;
    if (username !== 'system:anonymous') return ok(subject, `the credential is that of ${username}`);
    return failed(
      subject,
      `${host} takes the gateway for anonymous: the credential is empty`,
      'give a token',
    );
  } catch (error) {
    if (!(error instanceof ApiError)) return unreachableCheck(host, error);
    if (error.status === 401) return refused(host);
    if (error.status === 403)
      return failed(
        subject,
        `${host} knows the credential and forbids it everything: ${error.message}`,
        'look at the roles of the account, and at whether it is disabled',
      );
    return unknown(
      subject,
      'the control plane does not tell whose credential it is (before Kubernetes 1.28)',
      'go on',
    );
  }
}

function refused(host: string): Check {
  return failed(
    'Account',
    `${host} does not accept the credential (401)`,
    'it may have expired, be revoked, or be meant for another cluster: make a new one',
  );
}

/** The versions of Crossplane's own groups; without the first there is none. */
function crossplaneCheck(resources: readonly DiscoveredResource[]): Check {
  const subject = 'Crossplane';
  const own = resources.filter(
    ({ group, plural }) => group.endsWith('crossplane.io') && !plural.includes('/'),
  );
  if (!own.some(({ group }) => group === 'apiextensions.crossplane.io'))
    return failed(
      subject,
      'the control plane serves no API of Crossplane',
      'look at whether this is the right cluster, and whether Crossplane is installed there',
    );
  const kinds = new Map<string, string[]>();
  for (const { kind, version, group } of own) {
    if (!/^(apiextensions|pkg|ops|protection)\.crossplane\.io$/.test(group)) continue;
    const versions = kinds.get(kind) ?? [];
    if (!versions.includes(version)) kinds.set(kind, [...versions, version]);
  }
  const named = [...kinds].map(([kind, versions]) => `${kind} ${versions.join(', ')}`).toSorted();
  const major = own.some(({ group, version }) => group.startsWith('apiextensions.') && version === 'v2')
    ? '2.x'
    : '1.x';
  return ok(subject, `Crossplane ${major} with ${named.length} kinds: ${named.join('; ')}`);
}
