import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { changeLines, fieldChanges } from '../field-changes.ts';
import type { Manifest } from '../parameters.ts';
import { refuseInUse } from '../protection/usages.ts';
import { readIfThere } from '../read-object.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { apiVersionOf, carryOut, invalid, planUpdate, typed, type UpdateInput } from '../write-object.ts';
import { identityOf } from '../xrd/update-xrd.ts';
import type { ClaimPlace } from './claim-place.ts';
import type { Composed } from './read-composites.ts';
import { refsOf } from './read-composites.ts';
import { type Claim, type ClaimName, claimPlace, inAppWords, kindText, readOwnClaim } from './own-claim.ts';

/** Names become label values. */
const maxNameLength = 63;
const maxNamed = 15;

export interface CreateClaimInput extends ClaimName {
  spec: Manifest;
  labels?: Manifest | undefined;
  dry_run?: boolean | undefined;
}

export async function createClaim(call: ToolCall, input: CreateClaimInput): Promise<ToolAnswer> {
  const { labels, spec } = input;
  if (input.name.length > maxNameLength)
    throw invalid('name', `the name of a claim has at most ${maxNameLength} characters`);
  const at = await claimPlace(call, input);
  refuseOtherResource(at, spec, undefined);
  const body = typed({ metadata: labels ? { labels } : {}, spec }, at.resource);
  const dryRun = input.dry_run ?? false;
  const { namespace } = at.place;
  const sent = at.objectToControlPlane(body);
  const created = await call.api
    .create<Claim>(at.resource, { namespace }, sent, { dryRun })
    .catch(async (error: unknown) => {
      throw await explainTaken(call, at, error);
    });
  const what = `${input.kind} ${input.namespace}/${input.name}`;
  return {
    summary: dryRun ? `dry run: ${what} would be created` : `${what} created`,
    object: {
      kind: kindText(at.resource),
      api_version: apiVersionOf(at.resource),
      namespace: input.namespace,
      name: input.name,
      resource_version: created.metadata.resourceVersion,
    },
    next: dryRun ? [] : [`get_claim kind=${input.kind} namespace=${input.namespace} name=${input.name}`],
  };
}

async function explainTaken(call: ToolCall, at: ClaimPlace, error: unknown): Promise<unknown> {
  if (!(error instanceof ToolError) || error.code !== 'already_exists') return inAppWords(at, error);
  const there = await readIfThere<Claim>(call, at.resource, at.place).catch(() => undefined);
  const { kind } = at.resource;
  const { namespace, name } = at.app;
  if (there && !at.isOwn(there))
    return new ToolError(
      'conflict',
      `the place of ${kind} ${namespace}/${name} on the control plane is taken by another`,
      {
        hint: 'choose another name',
      },
    );
  return new ToolError('already_exists', `there is a ${kind} ${name} in the namespace ${namespace} already`, {
    ...error.facts,
    details: {},
    hint: 'get_claim shows it; update_claim changes it',
  });
}

export async function updateClaim(call: ToolCall, input: UpdateInput & ClaimName): Promise<ToolAnswer> {
  const at = await claimPlace(call, input);
  const live = await readOwnClaim(call, at);
  const what = `${input.kind} ${input.namespace}/${input.name}`;
  const mapped = mappedUpdate(at, input, live);
  try {
    const plan = await planUpdate<Claim>(call, at.resource, at.place, mapped);
    const changes = fieldChanges(at.toApp(plan.before), at.toApp(plan.after));
    if (changes.length === 0) return { summary: `${what} is like that already: nothing was changed` };
    const lines = changeLines(changes);
    if (input.dry_run) return { summary: `dry run: ${what} would be changed`, object: { changes: lines } };
    await call.confirm({
      summary: `changes ${what}, and what is composed for it`,
      effects: lines,
      objects: [identityOf(plan.before)],
    });
    const after = await carryOut(call, at.resource, at.place, mapped, plan);
    return {
      summary: `${what} changed`,
      object: { changes: lines, resource_version: after.metadata.resourceVersion },
      next: [`get_claim kind=${input.kind} namespace=${input.namespace} name=${input.name}`],
    };
  } catch (error) {
    throw inAppWords(at, error);
  }
}

/** The update as the control plane takes it. Throws ToolError `invalid` for what would take the object from its owner. */
function mappedUpdate(at: ClaimPlace, input: UpdateInput, live: Claim): UpdateInput {
  const { patch, manifest } = input;
  if (manifest) {
    const own = at.toApp(live).metadata;
    refuseOtherName(at, manifest);
    refuseOtherResource(at, manifest['spec'], live);
    const { finalizers, ownerReferences } = own;
    const kept = { ...(finalizers ? { finalizers } : {}), ...(ownerReferences ? { ownerReferences } : {}) };
    const metadata = { ...kept, ...(manifest['metadata'] as object | undefined) };
    return {
      ...input,
      manifest: at.objectToControlPlane(typed({ ...manifest, metadata }, at.resource), live),
    };
  }
  if (!patch) return input;
  refuseOtherName(at, patch);
  const { metadata = {}, spec } = patch as { metadata?: Record<string, unknown> | null; spec?: unknown };
  if (metadata === null || spec === null) throw invalid('patch', 'metadata and spec cannot be removed');
  const { name: _name, namespace: _namespace, ...rest } = metadata;
  for (const [field, value] of Object.entries(rest)) {
    if (field !== 'labels' && field !== 'annotations')
      throw invalid(`metadata.${field}`, 'of metadata, a patch changes labels and annotations');
    // All of them would include those that say whose it is.
    if (value === null) throw invalid(`metadata.${field}`, `remove ${field} one by one, each with null`);
  }
  refuseOtherResource(at, spec, live);
  const { metadata: _all, ...others } = patch;
  const body = Object.keys(rest).length > 0 ? { ...others, metadata: rest } : others;
  return { ...input, patch: at.patchToControlPlane(body, live) };
}

function refuseOtherName({ app }: ClaimPlace, { metadata }: Manifest): void {
  const { name, namespace } = (metadata ?? {}) as { name?: unknown; namespace?: unknown };
  if (name !== undefined && name !== app.name) throw invalid('metadata.name', 'an object cannot be renamed');
  if (namespace !== undefined && namespace !== app.namespace)
    throw invalid('metadata.namespace', 'an object cannot change its namespace');
}

/** Naming an XR takes over that of somebody else, and taking the name away makes a second one beside the first. */
function refuseOtherResource({ resource }: ClaimPlace, spec: unknown, live: Claim | undefined): void {
  if (!resource.categories.includes('claim') || typeof spec !== 'object' || spec === null) return;
  if (!Object.hasOwn(spec, 'resourceRef')) return;
  const { resourceRef } = spec as { resourceRef?: { name?: unknown } | null };
  const own = live?.spec?.resourceRef?.name;
  if (own !== undefined && resourceRef?.name === own) return;
  throw invalid(
    'spec.resourceRef',
    'spec.resourceRef is set by Crossplane, and by nobody else',
    'leave it out',
  );
}

export async function deleteClaim(call: ToolCall, input: ClaimName): Promise<ToolAnswer> {
  const at = await claimPlace(call, input);
  const live = await readOwnClaim(call, at);
  const what = `${input.kind} ${input.namespace}/${input.name}`;
  if (live.metadata.deletionTimestamp !== undefined)
    return {
      summary: `${what} is being deleted already`,
      object: { since: live.metadata.deletionTimestamp },
    };
  const apiVersion = apiVersionOf(at.resource);
  await refuseInUse(call, { apiVersion, kind: at.resource.kind, ...at.place }, live.metadata.labels).catch(
    (error: unknown) => {
      throw inAppWords(at, error);
    },
  );
  const effects = await lostWith(call, live);
  await call.confirm({
    summary: `deletes ${what} and all infrastructure that was composed for it`,
    effects,
    objects: [identityOf(live)],
  });
  const { uid, resourceVersion } = identityOf(live);
  try {
    await call.api.delete(at.resource, at.place, { uid, resourceVersion });
  } catch (error) {
    throw inAppWords(at, error);
  }
  return {
    summary: `the deletion of ${what} has begun; it is gone when its composite resource is`,
    object: { effects },
    next: [`get_claim kind=${input.kind} namespace=${input.namespace} name=${input.name}`],
  };
}

/** The composite resource and what it is made of, and the connection Secret. */
async function lostWith(call: ToolCall, { spec = {}, ...claim }: Claim): Promise<string[]> {
  const { resourceRef, writeConnectionSecretToRef } = spec;
  const effects: string[] = [];
  if (resourceRef) {
    effects.push(`${resourceRef.kind} ${resourceRef.name}`);
    const resource = await call.kinds.resourceOf(resourceRef.apiVersion, resourceRef.kind);
    const xr = resource && (await readComposite(call, resource, resourceRef.name));
    effects.push(...named(xr ? refsOf(xr) : []));
  } else effects.push(...named(refsOf({ ...claim, spec })));
  if (writeConnectionSecretToRef) effects.push('its connection Secret');
  return effects;
}

async function readComposite(
  call: ToolCall,
  resource: Parameters<typeof readIfThere>[1],
  name: string,
): Promise<Composed | undefined> {
  return await readIfThere<Composed>(call, resource, { name }).catch((error: unknown) => {
    if (error instanceof ToolError && error.code === 'forbidden') return undefined;
    throw error;
  });
}

function named(lines: readonly string[]): string[] {
  return lines.length > maxNamed
    ? [...lines.slice(0, maxNamed), `and ${lines.length - maxNamed} more composed resources`]
    : [...lines];
}
