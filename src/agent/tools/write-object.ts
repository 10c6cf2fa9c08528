import type { KubeObject } from '../../apimachinery/objects.ts';
import type { Place, Resource } from '../cluster/cluster-api.ts';
import { changeLines, type FieldChange, fieldChanges } from './field-changes.ts';
import type { Manifest } from './parameters.ts';
import { explainMissing, readIfThere, readObject } from './read-object.ts';
import { ToolError } from './tool-error.ts';
import type { ToolCall } from './tool.ts';

type Named = Place & { name: string };

/** What an update takes: a merge patch, or the whole object with the version that it replaces. */
export interface UpdateInput {
  patch?: Manifest | undefined;
  manifest?: Manifest | undefined;
  resource_version?: string | undefined;
  dry_run?: boolean | undefined;
}

/** An update as it would come out, checked by the API server and its webhooks, and not carried out yet. */
export interface PlannedUpdate<T> {
  before: T;
  after: T;
  changes: FieldChange[];
}

/** apiVersion and kind may be left out of a manifest. Throws ToolError `invalid` where they are another kind's. */
export function typed(manifest: Manifest, resource: Resource): Manifest {
  const { apiVersion, kind } = manifest;
  const own = apiVersionOf(resource);
  if (kind !== undefined && kind !== resource.kind)
    throw invalid(
      'kind',
      `this tool takes a ${resource.kind}, and the manifest is a ${JSON.stringify(kind)}`,
    );
  if (apiVersion !== undefined && apiVersion !== own)
    throw invalid(
      'apiVersion',
      `the manifest is of ${JSON.stringify(apiVersion)}; this control plane takes ${own}`,
    );
  return { ...manifest, apiVersion: own, kind: resource.kind };
}

export function apiVersionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The name in a manifest. Throws ToolError `invalid` where there is none. */
export function nameOf({ metadata }: Manifest): string {
  const name = (metadata as { name?: unknown } | undefined)?.name;
  if (typeof name === 'string' && name !== '') return name;
  throw invalid('metadata.name', 'the manifest has no metadata.name');
}

export function invalid(field: string, message: string, hint?: string): ToolError {
  return new ToolError('invalid', message, { details: { field }, ...(hint ? { hint } : {}) });
}

/** Throws ToolError `already_exists`, which says what to do instead. */
export async function createObject<T extends KubeObject>(
  call: ToolCall,
  resource: Resource,
  body: Manifest,
  {
    dryRun = false,
    namespace,
    instead,
  }: { dryRun?: boolean; namespace?: string | undefined; instead: string },
): Promise<T> {
  try {
    return await call.api.create<T>(resource, { namespace }, body, { dryRun });
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== 'already_exists') throw error;
    throw new ToolError(
      'already_exists',
      `there is a ${resource.kind} ${nameOf(body)} already`,
      { ...error.facts, hint: instead },
      { cause: error },
    );
  }
}

/** Reads, and lets the API server and its webhooks check the change in a dry run. Nothing is stored. */
export async function planUpdate<T extends KubeObject>(
  call: ToolCall,
  resource: Resource,
  place: Named,
  input: UpdateInput,
  check: (before: T, wanted: Manifest) => void = () => undefined,
): Promise<PlannedUpdate<T>> {
  requireOneForm(input);
  const before = await readObject<T>(call, resource, place);
  if (input.patch) requireSameObject(input.patch, place, resource);
  check(before, input.patch ? merged(before, input.patch) : (input.manifest ?? {}));
  const after = await send<T>(call, resource, place, input, before, true);
  return { before, after, changes: fieldChanges(before, after) };
}

/** Carries out what was planned, on the object as it was read for the plan: any change since is a conflict. */
export async function carryOut<T extends KubeObject>(
  call: ToolCall,
  resource: Resource,
  place: Named,
  input: UpdateInput,
  { before }: PlannedUpdate<T>,
): Promise<T> {
  return await send<T>(call, resource, place, input, before, false);
}

async function send<T extends KubeObject>(
  call: ToolCall,
  resource: Resource,
  place: Named,
  { patch, manifest, resource_version }: UpdateInput,
  before: T,
  dryRun: boolean,
): Promise<T> {
  try {
    if (manifest) {
      // Left out, they would be taken away: Crossplane's finalizers are what cleans up.
      const { finalizers, ownerReferences } = before.metadata;
      const kept = { ...(finalizers ? { finalizers } : {}), ...(ownerReferences ? { ownerReferences } : {}) };
      const metadata = { ...kept, ...(manifest['metadata'] as object), resourceVersion: resource_version };
      return await call.api.replace<T>(
        resource,
        place,
        { ...typed(manifest, resource), metadata },
        { dryRun },
      );
    }
    const { resourceVersion, uid } = before.metadata;
    const metadata = { ...(patch?.['metadata'] as object | undefined), resourceVersion, uid };
    return await call.api.patch<T>(resource, place, { ...patch, metadata }, { dryRun });
  } catch (error) {
    if (!(error instanceof ToolError) || error.code !== 'conflict')
      throw await explainMissing(call, resource, place, error);
    throw await explainConflict(call, resource, place, before, error);
  }
}

/** What has changed meanwhile: without it, models delete and create anew. */
async function explainConflict(
  call: ToolCall,
  resource: Resource,
  place: Named,
  before: KubeObject,
  conflict: ToolError,
): Promise<ToolError> {
  const now = await readIfThere(call, resource, place);
  if (!now) return conflict;
  const changed = changeLines(fieldChanges(before, now));
  const { resourceVersion } = now.metadata;
  const what =
    changed.length > 0
      ? 'somebody else has changed it since it was read'
      : 'its resourceVersion is another one by now';
  return new ToolError(
    'conflict',
    `${resource.kind} ${place.name} was not changed: ${what}`,
    { ...conflict.facts, details: { changed_meanwhile: changed, resource_version: resourceVersion } },
    { cause: conflict },
  );
}

function requireOneForm({ patch, manifest, resource_version }: UpdateInput): void {
  if ((patch === undefined) === (manifest === undefined))
    throw invalid('patch', 'give either a patch, or a manifest with resource_version');
  if (manifest && resource_version === undefined)
    throw invalid(
      'resource_version',
      'a manifest replaces the whole object, and needs the resource_version that it was read with',
      'read the object with detail=full, or give a patch of the fields that change',
    );
}

/** A patch of the name or the kind would be refused in words about something else. */
function requireSameObject(patch: Manifest, { name }: Named, resource: Resource): void {
  const { apiVersion, kind, metadata } = patch as {
    apiVersion?: unknown;
    kind?: unknown;
    metadata?: Manifest;
  };
  if (metadata?.['name'] !== undefined && metadata['name'] !== name)
    throw invalid('metadata.name', 'an object cannot be renamed');
  if (kind !== undefined && kind !== resource.kind)
    throw invalid('kind', 'the kind of an object cannot change');
  if (apiVersion !== undefined && apiVersion !== apiVersionOf(resource))
    throw invalid('apiVersion', `leave apiVersion out, or write ${apiVersionOf(resource)}`);
}

/** RFC 7386. */
export function merged(target: unknown, patch: unknown): Manifest {
  return mergedValue(target, patch) as Manifest;
}

function mergedValue(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const result: Manifest = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergedValue(result[key], value);
  }
  return result;
}

function isObject(value: unknown): value is Manifest {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
