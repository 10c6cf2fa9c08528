import type { CustomResourceDefinition, KubeObject } from '../../../apimachinery/objects.ts';
import { crdPath } from '../../../clusters/api-paths.ts';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { changeLines } from '../field-changes.ts';
import type { Manifest } from '../parameters.ts';
import { readObject } from '../read-object.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { carryOut, invalid, merged, planUpdate, type UpdateInput } from '../write-object.ts';
import { type SchemaChange, schemaChanges } from './schema-changes.ts';
import { checkImmutable, checkXrd } from './xrd-checks.ts';
import { compositesOf, type Xrd } from './xrd-objects.ts';
import { writtenAs } from './xrd-version.ts';

/** XRs that are looked at for what a new schema would refuse. */
const maxLookedAt = 500;
const maxEffects = 20;

export async function updateXrd(call: ToolCall, input: UpdateInput & { name: string }): Promise<ToolAnswer> {
  const { name } = input;
  const known = await readObject<Xrd>(call, await call.kinds.find('CompositeResourceDefinition'), { name });
  const wanted = (input.patch ? merged(known, input.patch) : (input.manifest ?? {})) as unknown as Xrd;
  if (wanted.spec === undefined) throw invalid('spec', 'the manifest has no spec');
  checkImmutable(known, wanted);
  await refuseDroppedVersions(call, known, wanted);
  const given = (input.patch ?? input.manifest)?.['apiVersion'];
  const { resource, spec } = await writtenAs(
    call,
    { ...wanted.spec, ...(known.spec.scope === undefined ? {} : { scope: known.spec.scope }) },
    typeof given === 'string' ? given.split('/')[1] : undefined,
  );
  const update = input.manifest
    ? { ...input, manifest: { ...input.manifest, spec: spec as Manifest } }
    : input;
  const plan = await planUpdate<Xrd>(call, resource, { name }, update, () => checkXrd(wanted));
  const lines = changeLines(plan.changes);
  if (plan.changes.length === 0) return { summary: `XRD ${name} is like that already: nothing was changed` };
  const effects = await effectsOf(call, plan.before, plan.after);
  if (input.dry_run)
    return { summary: `dry run: XRD ${name} would be changed`, object: { changes: lines, effects } };
  await call.confirm({
    summary: `changes the XRD ${name}${effects.length > 0 ? `, with ${effects.length} effects on who uses it` : ''}`,
    effects: [...effects, ...lines].slice(0, maxEffects),
    objects: [identityOf(plan.before)],
  });
  const after = await carryOut(call, resource, { name }, update, plan);
  call.kinds.forget();
  return {
    summary: `XRD ${name} changed`,
    object: { changes: lines, effects, resource_version: after.metadata.resourceVersion },
    next: [`get_xrd name=${name}`],
  };
}

export function identityOf({ metadata }: KubeObject): { uid: string; resourceVersion: string } {
  return { uid: metadata.uid ?? '', resourceVersion: metadata.resourceVersion ?? '' };
}

/** Objects in etcd are still of a version that the CRD has ever stored: without it nobody can read them. */
async function refuseDroppedVersions({ api }: ToolCall, before: Xrd, after: Xrd): Promise<void> {
  const kept = new Set((after.spec.versions ?? []).map(({ name }) => name));
  const dropped = before.spec.versions.map(({ name }) => name).filter((name) => !kept.has(name));
  if (dropped.length === 0) return;
  const crd = await api
    .getPath<CustomResourceDefinition & { status?: { storedVersions?: string[] } }>(
      crdPath(before.metadata.name),
    )
    .catch((error: unknown) => {
      if (error instanceof ToolError && error.code === 'not_found') return undefined;
      throw error;
    });
  const stored = dropped.filter((name) => crd?.status?.storedVersions?.includes(name));
  if (stored.length === 0) return;
  throw invalid(
    'spec.versions',
    `version ${stored.join(', ')} cannot be dropped: composite resources may be stored in it`,
    'set served: false instead; it can go once the CRD no longer lists it in status.storedVersions',
  );
}

/** What the change does to those who use the XRD, worst first. */
async function effectsOf(call: ToolCall, before: Xrd, after: Xrd): Promise<string[]> {
  const effects: string[] = [];
  const changes: SchemaChange[] = [];
  for (const old of before.spec.versions) {
    const now = after.spec.versions.find(({ name }) => name === old.name);
    if (!now) effects.push(`version ${old.name} is removed: requests for it are answered with 404`);
    else if (old.served && !now.served)
      effects.push(`version ${old.name} is no longer served: requests for it are answered with 404`);
    if (now && !old.referenceable && now.referenceable)
      effects.push(`version ${now.name} becomes the one that XRs are stored in and compositions refer to`);
    const found = schemaChanges(old.name, old.schema?.openAPIV3Schema, now?.schema?.openAPIV3Schema);
    changes.push(...found);
  }
  if (changes.length === 0) return effects;
  const affected = await affectedBy(call, before, changes);
  return [...effects, ...changes.map(({ text }, at) => `${text}${affected[at] ?? ''}`)];
}

/** ` (3 of 12 XRs break)` for each change. */
async function affectedBy(call: ToolCall, xrd: Xrd, changes: readonly SchemaChange[]): Promise<string[]> {
  try {
    const { items, remaining } = await call.api.list<KubeObject>(compositesOf(xrd), { limit: maxLookedAt });
    const of = remaining ? `the first ${items.length}` : String(items.length);
    return changes.map(
      (change) => ` (${items.filter((xr) => change.affects(xr)).length} of ${of} XRs break)`,
    );
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    if (error.code === 'not_found') return [];
    if (error.code === 'forbidden')
      return changes.map(() => ' (XRs may not be listed: how many break is unknown)');
    throw error;
  }
}
