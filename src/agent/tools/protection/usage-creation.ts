import type { ToolAnswer } from '../../answers/tool-answer.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import { anyKind, placeOf } from '../any-kind.ts';
import { statusOf } from '../conditions.ts';
import { readObject } from '../read-object.ts';
import { poll } from '../polling.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { apiVersionOf } from '../write-object.ts';
import { type UsageKind, type UsageObject, usageName } from './usages.ts';

export interface NamedInput {
  api_version: string;
  kind: string;
  name: string;
}

export interface CreateUsageInput {
  of: NamedInput;
  by?: NamedInput | undefined;
  reason?: string | undefined;
  namespace?: string | undefined;
  name?: string | undefined;
  replay_deletion?: boolean | undefined;
  dry_run?: boolean | undefined;
}

/** Crossplane sees to a new usage within a second or so. */
const readySeconds = 8;

/** Protects an object: by the kind that this release has for things of its scope. */
export async function createUsage(call: ToolCall, input: CreateUsageInput): Promise<ToolAnswer> {
  const { by, namespace, of, reason } = input;
  if (by === undefined && !reason)
    throw new ToolError('invalid', 'a usage needs by (what uses the object) or a reason', {
      hint: 'a reason is what whoever wants to delete the object will read',
      details: { field: 'reason' },
    });
  const used = await anyKind(call, of.api_version, of.kind);
  await readObject(call, used, placeOf(used, of.name, namespace));
  const using = by ? await anyKind(call, by.api_version, by.kind) : undefined;
  if (using && using.namespaced !== used.namespaced)
    throw new ToolError('invalid', 'of and by have to be both in one namespace or both cluster-scoped', {
      details: { field: 'by' },
    });
  if (by && using) await readObject(call, using, placeOf(using, by.name, namespace));
  const { kind, resource } = await kindFor(call, used);
  const body = {
    apiVersion: apiVersionOf(resource),
    kind: resource.kind,
    metadata: input.name === undefined ? { generateName: `${of.name}-`.slice(0, 50) } : { name: input.name },
    spec: {
      of: { apiVersion: of.api_version, kind: of.kind, resourceRef: { name: of.name } },
      ...(by ? { by: { apiVersion: by.api_version, kind: by.kind, resourceRef: { name: by.name } } } : {}),
      ...(reason ? { reason } : {}),
      ...(input.replay_deletion === undefined ? {} : { replayDeletion: input.replay_deletion }),
    },
  };
  const place = resource.namespaced ? { namespace } : {};
  const created = await call.api
    .create<UsageObject>(resource, place, body, { dryRun: input.dry_run ?? false })
    .catch((error: unknown) => Promise.reject(explainReplay(error)));
  const warnings = [
    'garbage collection and GitOps tools that prune are held up by it too',
    ...(input.replay_deletion
      ? ['a deletion that is refused meanwhile is carried out when the last usage goes (replay_deletion)']
      : []),
  ];
  const name = usageName(kind, created);
  if (input.dry_run) return { summary: `${kind} would protect ${of.kind} ${of.name}`, warnings };
  const { name: its } = created.metadata;
  const seen = await poll(
    call,
    readySeconds,
    `${name} was created`,
    () => call.api.get<UsageObject>(resource, { ...place, name: its }),
    (usage) => statusOf(usage, 'Ready') === 'True',
  );
  const isReady = statusOf(seen, 'Ready') === 'True';
  if (!isReady && resource.version === 'v1alpha1')
    warnings.push(
      'usages are an alpha feature of this Crossplane: nothing is protected unless it was started with --enable-usages',
    );
  return {
    summary: isReady
      ? `${of.kind} ${of.name} is protected by ${name}`
      : `created ${name}, which is not ready: ${of.kind} ${of.name} is not protected yet`,
    object: { name: its, kind, ready: isReady },
    warnings,
    next: [`get_usage name=${its} kind=${kind}`],
  };
}

/** A field that came to usages during Crossplane 1.14. */
function explainReplay(error: unknown): unknown {
  if (!(error instanceof ToolError) || !error.message.includes('unknown field "spec.replayDeletion"'))
    return error;
  const facts = { ...error.facts, details: { field: 'replay_deletion' }, hint: 'leave replay_deletion out' };
  return new ToolError('invalid', 'usages of this Crossplane replay no deletions', facts, { cause: error });
}

/** The older kind carries no namespace: it cannot name a claim, or anything else that lives in one. */
async function kindFor(call: ToolCall, used: Resource): Promise<{ kind: UsageKind; resource: Resource }> {
  if (used.namespaced) {
    const resource = await call.kinds.findServed('Usage');
    if (resource) return { kind: 'Usage', resource };
    throw new ToolError(
      'not_installed',
      `this Crossplane cannot protect ${used.kind}, which lives in a namespace`,
      {
        hint: 'usages that name a namespace come with Crossplane 2.0; here, protect the composite resource behind a claim',
      },
    );
  }
  const resource = await call.kinds.findServed('ClusterUsage');
  return resource
    ? { kind: 'ClusterUsage', resource }
    : { kind: 'LegacyUsage', resource: await call.kinds.find('LegacyUsage') };
}
