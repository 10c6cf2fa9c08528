import type { KubeObject } from '../../../apimachinery/objects.ts';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import { mapBounded } from '../bounded.ts';
import { readIfThere, readObject } from '../read-object.ts';
import { poll } from '../polling.ts';
import { refuseInUse } from '../protection/usages.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { countObjects, countText, isProviderSetting, type KindCount, kindsOfCrds } from './kind-counts.ts';
import { dependentsOf, dependentText } from './lock.ts';
import {
  type PackageKind,
  type PackageObject,
  packageResources,
  type PackageRevision,
} from './package-kinds.ts';
import { sourceOf } from './package-reference.ts';
import { readPackage } from './package-wait.ts';

/** What goes when a package goes, and what stands in the way of it. */
export interface RemovalImpact {
  found: PackageObject;
  /** Live infrastructure of its kinds. */
  live: KindCount[];
  /** Settings of its kinds, which go with it. */
  settings: KindCount[];
  dependents: string[];
  /** A line for each thing, or group of things, that goes. */
  effects: string[];
}

interface Definition extends KubeObject {
  spec: { group: string; names: { plural: string }; claimNames?: { plural: string } };
}

/** Read only: nothing is refused here. */
export async function removalImpact(call: ToolCall, kind: PackageKind, name: string): Promise<RemovalImpact> {
  // A kind that came a minute ago has to be counted too.
  call.kinds.forget();
  const resources = await packageResources(call.kinds, kind);
  const found = await readObject<PackageObject>(call, resources.packages, { name });
  const { revisions } = await readPackage(call, resources, name);
  const owned = await ownedObjects(call, [found, ...revisions], revisions);
  const [counts, dependents] = await Promise.all([
    kindsOf(call, owned).then((kinds) => countObjects(call, kinds)),
    dependentsOf(call, sourceOf(found.spec.package)),
  ]);
  const settings = counts.filter(({ resource }) => isProviderSetting(resource));
  return {
    found,
    live: counts.filter((one) => !settings.includes(one)),
    settings,
    dependents: dependents.map(dependentText),
    effects: [
      `deletes ${revisions.length} revision${revisions.length === 1 ? '' : 's'} of ${kind} ${name}`,
      ...(kind === 'Configuration' ? [] : ['stops its pod']),
      ...[...owned].map(([ownedKind, names]) => `deletes ${names.size} ${ownedKind}: ${listed([...names])}`),
      ...settings.map((one) => `deletes ${countText(one)}`),
    ],
  };
}

/** Names by kind. */
type Owned = ReadonlyMap<string, ReadonlySet<string>>;

/**
 * What goes with a package: what its revisions say, and every CRD and XRD that they own. A revision is healthy for a moment
 * before it says anything, and what is forgotten here would be lost.
 */
async function ownedObjects(
  call: ToolCall,
  owners: readonly KubeObject[],
  revisions: readonly PackageRevision[],
): Promise<Owned> {
  const owned = new Map<string, Set<string>>();
  const add = (kind: string, name: string): void =>
    void owned.set(kind, (owned.get(kind) ?? new Set<string>()).add(name));
  for (const ref of revisions.flatMap(({ status }) => status?.objectRefs ?? [])) add(ref.kind, ref.name);
  const uids = new Set(owners.map(({ metadata }) => metadata.uid));
  const isOwned = ({ metadata }: KubeObject): boolean =>
    metadata.ownerReferences?.some(({ uid }) => uids.has(uid)) ?? false;
  const definitions = (await call.kinds.all()).filter(({ kind }) => defining.has(kind));
  await Promise.all(
    definitions.map(async (resource) => {
      for (const one of await allMetadata(call, resource))
        if (isOwned(one)) add(resource.kind, one.metadata.name);
    }),
  );
  return owned;
}

const defining = new Set([
  'CustomResourceDefinition',
  'ManagedResourceDefinition',
  'CompositeResourceDefinition',
]);

async function allMetadata(call: ToolCall, resource: Resource): Promise<KubeObject[]> {
  const all: KubeObject[] = [];
  let continueToken: string | undefined;
  try {
    do {
      const page = await call.api.listMetadata(resource, { continueToken });
      all.push(...page.items);
      continueToken = page.continueToken;
    } while (continueToken);
  } catch (error) {
    // Without the right to list CRDs the revisions' own word has to do.
    if (!(error instanceof ToolError) || error.code !== 'forbidden') throw error;
  }
  return all;
}

/**
 * The kinds whose objects a package's deletion takes away: Kubernetes collects the CRDs and XRDs that it owns, and Crossplane's
 * controllers that would have deleted the infrastructure are gone by then, or delete all of it.
 */
async function kindsOf(call: ToolCall, owned: Owned): ReturnType<typeof kindsOfCrds> {
  // A ManagedResourceDefinition has the name of the CRD that it makes once it is active.
  const crds = new Set<string>();
  for (const kind of ['CustomResourceDefinition', 'ManagedResourceDefinition'])
    for (const name of owned.get(kind) ?? []) crds.add(name);
  const xrds = [...(owned.get('CompositeResourceDefinition') ?? [])];
  if (xrds.length > 0) {
    const resource = await call.kinds.find('CompositeResourceDefinition');
    const found = await mapBounded(xrds, (name) => readIfThere<Definition>(call, resource, { name }));
    for (const xrd of found.filter((one) => one !== undefined)) {
      crds.add(`${xrd.spec.names.plural}.${xrd.spec.group}`);
      if (xrd.spec.claimNames) crds.add(`${xrd.spec.claimNames.plural}.${xrd.spec.group}`);
    }
  }
  return await kindsOfCrds(call, crds);
}

/** Deletes a package once nothing lives by it, and says whether it is gone. */
export async function removePackage(
  call: ToolCall,
  kind: PackageKind,
  name: string,
  dryRun: boolean,
): Promise<ToolAnswer> {
  const impact = await removalImpact(call, kind, name);
  const { found } = impact;
  const { packages } = await packageResources(call.kinds, kind);
  await refuseInUse(
    call,
    { apiVersion: `${packages.group}/${packages.version}`, kind, name },
    found.metadata.labels,
  );
  refuseWhileNeeded(kind, name, impact);
  const { uid = '', resourceVersion = '' } = found.metadata;
  const summary = `deletes ${kind} ${name} (${found.spec.package}) and the kinds that it brought`;
  if (dryRun) return { summary: `a dry run: ${summary}`, object: { name, effects: impact.effects } };
  await call.confirm({ summary, effects: impact.effects, objects: [{ uid, resourceVersion }] });
  await call.api.delete(packages, { name }, { uid, resourceVersion });
  const left = await poll(
    call,
    5,
    `${kind} ${name} was deleted`,
    () => readIfThere<PackageObject>(call, packages, { name }),
    (seen) => seen === undefined,
  );
  call.kinds.forget();
  return {
    summary: left ? `${kind} ${name} is being deleted` : `deleted ${kind} ${name}`,
    object: { name, effects: impact.effects },
    next: left ? ['list_stuck_deletions'] : [],
  };
}

function refuseWhileNeeded(kind: PackageKind, name: string, { dependents, live }: RemovalImpact): void {
  if (dependents.length > 0)
    throw new ToolError(
      'in_use',
      `${kind} ${name} is needed by other packages, which would have it installed again`,
      {
        hint: 'uninstall those first',
        details: { dependents },
      },
    );
  if (live.length === 0) return;
  const counts = live.map(countText);
  throw new ToolError(
    'in_use',
    kind === 'Configuration'
      ? `claims and composite resources of ${kind} ${name} exist: they and their infrastructure would be deleted with it`
      : `resources of the kinds of ${kind} ${name} exist: without it nothing would delete what they stand for, and they would hang`,
    {
      hint:
        kind === 'Configuration'
          ? 'order: claims and composite resources, wait until their infrastructure is gone, then this configuration'
          : 'order: claims and composite resources, then the managed resources that are left, wait until they are gone, then this provider',
      details: { exist: counts },
    },
  );
}

function listed(names: readonly string[]): string {
  const shown = names.toSorted().slice(0, 8);
  return `${shown.join(', ')}${names.length > shown.length ? `, and ${names.length - shown.length} more` : ''}`;
}
