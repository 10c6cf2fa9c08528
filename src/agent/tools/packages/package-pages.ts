import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { conditionOf, conditionText, statusOf } from '../conditions.ts';
import { counted, type ListInput, listPage, rowsOf } from '../list-page.ts';
import { manifestAsked, readObject } from '../read-object.ts';
import type { ToolCall } from '../tool.ts';
import { kindsOfCrds } from './kind-counts.ts';
import { dependenciesOf, dependentsOf, dependentText } from './lock.ts';
import {
  type PackageKind,
  type PackageObject,
  packageResources,
  type PackageRevision,
  parentLabel,
} from './package-kinds.ts';
import { sourceOf } from './package-reference.ts';
import { packageRow, packageState, revisionHealthText } from './package-state.ts';
import { lockProblem, readPackage } from './package-wait.ts';

export async function listPackages(call: ToolCall, kind: PackageKind, input: ListInput): Promise<ToolAnswer> {
  const { packages } = await packageResources(call.kinds, kind);
  const noun = kind.toLowerCase();
  const { items, total, nextCursor } = await listPage<PackageObject>(call, `list_${noun}s`, packages, input);
  const unhealthy = items.filter((found) => statusOf(found, 'Healthy') !== 'True').length;
  const [first] = items;
  return {
    summary: `${counted(items.length, total, noun)}${unhealthy > 0 ? `, ${unhealthy} not healthy` : ''}`,
    items: rowsOf(input, items, packageRow),
    ...(total === undefined ? {} : { total }),
    ...(nextCursor ? { nextCursor } : {}),
    next: first ? [`get_${noun} name=${first.metadata.name}`] : [],
  };
}

/** What there is to say of a package: its version, how it is, what it brought, whom it needs and who needs it. */
export async function showPackage(
  call: ToolCall,
  kind: PackageKind,
  { name, ...wanted }: { name: string; detail?: 'summary' | 'full' | undefined },
): Promise<ToolAnswer> {
  const resources = await packageResources(call.kinds, kind);
  const found = await readObject<PackageObject>(call, resources.packages, { name });
  const { revisions } = await readPackage(call, resources, name);
  const state = packageState(found, revisions);
  const active = revisions.find(({ spec }) => spec.desiredState === 'Active') ?? revisions[0];
  const [dependencies, dependents, lock] = await Promise.all([
    active ? dependenciesOf(call, active.metadata.name) : [],
    dependentsOf(call, sourceOf(found.spec.package)),
    state.healthy ? undefined : lockProblem(call),
  ]);
  const { packagePullSecrets, revisionActivationPolicy, runtimeConfigRef } = found.spec;
  const deletion = found.metadata.deletionTimestamp;
  return {
    summary: `${kind} ${name} ${state.healthy ? 'is healthy' : 'is not healthy'}`,
    object: {
      name,
      package: found.spec.package,
      installed: conditionText(conditionOf(found, 'Installed')),
      healthy: conditionText(conditionOf(found, 'Healthy')),
      ...(state.healthy ? {} : { problem: state.problem ?? 'Crossplane has not reported on it' }),
      ...(lock ? { package_manager: lock } : {}),
      ...(deletion ? { deleting_since: deletion } : {}),
      ...(revisionActivationPolicy ? { revision_activation: revisionActivationPolicy } : {}),
      ...(runtimeConfigRef ? { runtime_config: runtimeConfigRef.name } : {}),
      ...(packagePullSecrets ? { pull_secrets: packagePullSecrets.map((one) => one.name) } : {}),
      revision: active ? revisionFacts(active) : '-',
      revisions: revisions.length,
      ...(dependencies.length > 0
        ? {
            dependencies: dependencies.map(
              ({ constraints, installed, source }) =>
                `${source} ${constraints}: ${installed ?? 'not installed'}`,
            ),
          }
        : {}),
      ...(dependents.length > 0 ? { needed_by: dependents.map(dependentText) } : {}),
      ...(await brought(call, active)),
    },
    ...manifestAsked(wanted, found),
  };
}

function revisionFacts(revision: PackageRevision): Record<string, unknown> {
  const { capabilities, endpoint, foundDependencies, installedDependencies, invalidDependencies } =
    revision.status ?? {};
  return {
    name: revision.metadata.name,
    state: revision.spec.desiredState,
    healthy: revisionHealthText(revision),
    ...(foundDependencies
      ? {
          dependencies: `${foundDependencies} found, ${installedDependencies ?? 0} installed, ${invalidDependencies ?? 0} invalid`,
        }
      : {}),
    ...(capabilities && capabilities.length > 0 ? { capabilities } : {}),
    ...(endpoint ? { endpoint } : {}),
  };
}

/** Objects that the revision installed: a few by name, many by group. */
async function brought(
  call: ToolCall,
  revision: PackageRevision | undefined,
): Promise<Record<string, unknown>> {
  const refs = revision?.status?.objectRefs ?? [];
  const namesOf = (kind: string): string[] =>
    refs
      .filter((ref) => ref.kind === kind)
      .map(({ name }) => name)
      .toSorted();
  const crds = namesOf('CustomResourceDefinition');
  const definitions = namesOf('ManagedResourceDefinition');
  const served = definitions.length > 0 ? await kindsOfCrds(call, definitions) : [];
  return {
    ...(crds.length > 0 ? { crds: byGroup(crds) } : {}),
    ...(definitions.length > 0
      ? { managed_resource_definitions: `${definitions.length}, ${served.length} of them active (served)` }
      : {}),
    ...named('xrds', namesOf('CompositeResourceDefinition')),
    ...named('compositions', namesOf('Composition')),
  };
}

function named(key: string, names: readonly string[]): Record<string, unknown> {
  return names.length > 0 ? { [key]: names } : {};
}

/** `s3.example.org: buckets, objects`; only their number where a group has many. */
function byGroup(crds: readonly string[]): string[] {
  const groups = Map.groupBy(crds, (crd) => crd.slice(crd.indexOf('.') + 1));
  return [...groups].map(([group, names]) => {
    const plurals = names.map((name) => name.slice(0, name.indexOf('.')));
    return `${group}: ${plurals.length > 12 ? `${plurals.length} kinds` : plurals.join(', ')}`;
  });
}

export async function listRevisions(
  call: ToolCall,
  kind: PackageKind,
  input: ListInput & { package?: string | undefined },
): Promise<ToolAnswer> {
  const { packages, revisions } = await packageResources(call.kinds, kind);
  const noun = kind.toLowerCase();
  const of = input.package;
  if (of !== undefined) await readObject(call, packages, { name: of });
  const { items, total, nextCursor } = await listPage<PackageRevision>(
    call,
    `list_${noun}_revisions`,
    revisions,
    input,
    of === undefined ? {} : { labelSelector: `${parentLabel}=${of}` },
  );
  const sorted = items.toSorted(
    (a, b) => parentOf(a).localeCompare(parentOf(b)) || b.spec.revision - a.spec.revision,
  );
  return {
    summary: counted(items.length, total, 'revision'),
    items: rowsOf(input, sorted, (revision) => ({
      [noun]: parentOf(revision),
      name: revision.metadata.name,
      revision: revision.spec.revision,
      state: revision.spec.desiredState,
      image: revision.spec.image,
      healthy: revisionHealthText(revision),
      created: revision.metadata.creationTimestamp ?? '',
    })),
    ...(total === undefined ? {} : { total }),
    ...(nextCursor ? { nextCursor } : {}),
  };
}

function parentOf({ metadata }: PackageRevision): string {
  return metadata.labels?.[parentLabel] ?? '-';
}
