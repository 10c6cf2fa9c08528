import { z } from 'zod';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { anyKind } from '../any-kind.ts';
import { conditionOf, conditionText } from '../conditions.ts';
import { readIfThere } from '../read-object.ts';
import { dryRun, limit, name, namespace as namespaceShape } from '../parameters.ts';
import { ToolError } from '../tool-error.ts';
import { defineTool, type ToolCall, type ToolDefinition } from '../tool.ts';
import { apiVersionOf } from '../write-object.ts';
import { createUsage } from './usage-creation.ts';
import {
  allUsages,
  attemptAnnotation,
  type FoundUsage,
  refText,
  servedUsageKinds,
  usageKinds,
  usageName,
  usagesOf,
  type UsageObject,
} from './usages.ts';
import { defaultLimit } from '../list-page.ts';

const objectShape = z.strictObject({ api_version: z.string(), kind: z.string(), name: z.string() });
const kindShape = z.enum(usageKinds).optional();

const create = defineTool({
  name: 'create_usage',
  title: 'Create usage',
  description: 'Protect an object from deletion: used by another, or for a reason.',
  toolset: 'protection',
  effect: 'create',
  input: z.strictObject({
    of: objectShape,
    by: objectShape.optional(),
    reason: z.string().optional(),
    namespace: namespaceShape.optional(),
    name: name.optional(),
    replay_deletion: z.boolean().optional(),
    dry_run: dryRun,
  }),
  run: createUsage,
});

const list = defineTool({
  name: 'list_usages',
  title: 'List usages',
  description: 'What is protected from deletion, by what, and why.',
  toolset: 'protection',
  effect: 'read',
  input: z.strictObject({ namespace: namespaceShape.optional(), limit }),
  run: async (call, input) => {
    if ((await servedUsageKinds(call)).length === 0) await call.kinds.find('LegacyUsage');
    const found = await allUsages(call, input.namespace);
    const items = found.slice(0, input.limit ?? defaultLimit).map(rowOf);
    return { summary: `${found.length} usage${found.length === 1 ? '' : 's'}`, items, total: found.length };
  },
});

const get = defineTool({
  name: 'get_usage',
  title: 'Get usage',
  description: 'A usage by name, or who protects an object (of).',
  toolset: 'protection',
  effect: 'read',
  input: z.strictObject({
    name: name.optional(),
    kind: kindShape,
    of: objectShape.optional(),
    namespace: namespaceShape.optional(),
  }),
  run: async (call, input) => {
    if (input.of) return await protectorsOf(call, input.of, input.namespace);
    if (input.name === undefined)
      throw new ToolError('invalid', 'say which usage by name, or which object by of', {
        details: { field: 'name' },
      });
    return await showUsage(call, await findUsage(call, input.name, input.kind, input.namespace));
  },
});

const remove = defineTool({
  name: 'delete_usage',
  title: 'Delete usage',
  description: 'End a protection.',
  toolset: 'protection',
  effect: 'destructive',
  input: z.strictObject({ name, kind: kindShape, namespace: namespaceShape.optional() }),
  run: async (call, input) => {
    const found = await findUsage(call, input.name, input.kind, input.namespace);
    const { resource, usage } = found;
    const { uid = '', resourceVersion = '' } = usage.metadata;
    const of = refText(usage.spec.of);
    await call.confirm({
      summary: `deletes ${usageName(found.kind, usage)}, which protects ${of}`,
      effects: await lossOf(call, found),
      objects: [{ uid, resourceVersion }],
    });
    await call.api.delete(resource, usage.metadata, { uid, resourceVersion });
    return { summary: `deleted ${usageName(found.kind, usage)}`, object: { no_longer_protects: of } };
  },
});

/** What comes of the end of a protection: with replayDeletion a deletion that was tried before. */
async function lossOf(call: ToolCall, { resource, usage }: FoundUsage): Promise<string[]> {
  const { of, replayDeletion } = usage.spec;
  const used = of.resourceRef ? await call.kinds.resourceOf(of.apiVersion, of.kind) : undefined;
  if (!used || !of.resourceRef) return ['what it protects can be deleted'];
  const inside = resource.namespaced ? (of.resourceRef.namespace ?? usage.metadata.namespace) : undefined;
  const object = await readIfThere(call, used, { name: of.resourceRef.name, namespace: inside });
  const others = (
    await usagesOf(call, {
      apiVersion: of.apiVersion,
      kind: of.kind,
      name: of.resourceRef.name,
      namespace: inside,
    })
  ).filter(({ usage: other }) => other.metadata.uid !== usage.metadata.uid);
  if (others.length > 0)
    return [
      `${others.length} other usages still protect it: ${others.map((one) => usageName(one.kind, one.usage)).join(', ')}`,
    ];
  const attempt = object?.metadata.annotations?.[attemptAnnotation];
  if (replayDeletion && attempt)
    return [
      `${refText(of)} IS DELETED, seconds later: its deletion was tried before (${attempt}) and is carried out then`,
    ];
  return [`${refText(of)} can be deleted`, ...(attempt ? ['somebody has tried to delete it'] : [])];
}

async function protectorsOf(
  call: ToolCall,
  of: { api_version: string; kind: string; name: string },
  namespace: string | undefined,
): Promise<ToolAnswer> {
  const resource = await anyKind(call, of.api_version, of.kind);
  const found = await usagesOf(call, {
    apiVersion: apiVersionOf(resource),
    kind: of.kind,
    name: of.name,
    namespace,
  });
  return {
    summary:
      found.length === 0
        ? `no usage protects ${of.kind} ${of.name}`
        : `${of.kind} ${of.name} is protected by ${found.length} usage${found.length === 1 ? '' : 's'}`,
    items: found.map(rowOf),
  };
}

async function findUsage(
  call: ToolCall,
  wanted: string,
  kind: (typeof usageKinds)[number] | undefined,
  namespace: string | undefined,
): Promise<FoundUsage> {
  const all = await allUsages(call, namespace);
  const found = all.filter(
    (one) =>
      one.usage.metadata.name === wanted &&
      (kind === undefined || one.kind === kind) &&
      (namespace === undefined || one.usage.metadata.namespace === namespace),
  );
  const [first, ...more] = found;
  if (!first)
    throw new ToolError('not_found', `there is no usage ${wanted}`, {
      hint: 'list_usages',
      details: { nearest: all.slice(0, 3).map((one) => usageName(one.kind, one.usage)) },
    });
  if (more.length > 0)
    throw new ToolError('invalid', `several usages are called ${wanted}`, {
      hint: 'say kind and namespace',
      details: { found: found.map((one) => usageName(one.kind, one.usage)) },
    });
  return first;
}

async function showUsage(call: ToolCall, found: FoundUsage): Promise<ToolAnswer> {
  const { kind, usage } = found;
  const { by, of, reason, replayDeletion } = usage.spec;
  return {
    summary: usageName(kind, usage),
    object: {
      kind,
      name: usage.metadata.name,
      ...(usage.metadata.namespace ? { namespace: usage.metadata.namespace } : {}),
      of: `${refText(of)} (${of.apiVersion})`,
      ...(by ? { by: `${refText(by)} (${by.apiVersion})` } : {}),
      ...(reason ? { reason } : {}),
      replay_deletion: replayDeletion ?? false,
      ready: conditionText(conditionOf(usage, 'Ready')),
      if_deleted: await lossOf(call, found),
    },
  };
}

function rowOf({ kind, usage }: FoundUsage): Record<string, unknown> {
  const { by, of, reason } = usage.spec;
  return {
    kind,
    name: usageName(kind, usage).slice(kind.length + 1),
    of: refText(of),
    by: refText(by),
    reason: reason ?? '',
    ready: readyOf(usage),
  };
}

function readyOf(usage: UsageObject): string {
  return conditionOf(usage, 'Ready')?.status ?? '-';
}

export const usageTools: readonly ToolDefinition[] = [create, list, get, remove];
