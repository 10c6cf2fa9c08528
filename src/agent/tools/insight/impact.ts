import type { KubeObject } from '../../../apimachinery/objects.ts';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import { anyKind, placeOf } from '../any-kind.ts';
import { readObject } from '../read-object.ts';
import { countObjects, countText, kindsOfCrds } from '../packages/kind-counts.ts';
import { dependentsOf, dependentText } from '../packages/lock.ts';
import { stepsOf } from '../packages/function-tools.ts';
import { packageKinds, type PackageObject } from '../packages/package-kinds.ts';
import { removalImpact } from '../packages/package-removal.ts';
import { sourceOf } from '../packages/package-reference.ts';
import { usageName, usagesOf } from '../protection/usages.ts';
import type { ToolCall } from '../tool.ts';
import { apiVersionOf } from '../write-object.ts';
import { nodeName, resourceTree, type TreeNode } from './resource-tree.ts';

export interface ImpactInput {
  action: 'delete' | 'update';
  api_version: string;
  kind: string;
  name: string;
  namespace?: string | undefined;
}

/** What a change would reach. `blocked`: why it would be refused, or hang. */
interface Impact {
  effects: string[];
  blocked?: string[];
}

const most = 200;
const shown = 25;

/** What a delete or an update would touch. Nothing is sent but reads: a dry run of a deletion is not harmless. */
export async function previewImpact(call: ToolCall, input: ImpactInput): Promise<ToolAnswer> {
  const { action, kind, name, namespace } = input;
  const resource = await anyKind(call, input.api_version, kind);
  const place = placeOf(resource, name, namespace);
  const found = await readObject<KubeObject>(call, resource, place);
  const [impact, usages] = await Promise.all([
    impactOf(call, input, resource, found),
    action === 'delete' ? usagesOf(call, { apiVersion: apiVersionOf(resource), kind, name, namespace }) : [],
  ]);
  const blocked = [
    ...usages.map((one) => `protected by ${usageName(one.kind, one.usage)}`),
    ...(impact.blocked ?? []),
  ];
  const finalizers = found.metadata.finalizers ?? [];
  return {
    summary: `${action === 'delete' ? 'deleting' : 'updating'} ${kind} ${name} touches ${impact.effects.length === 0 ? 'nothing else that is known here' : 'more than itself'}${blocked.length > 0 ? ', and would be refused or hang' : ''}`,
    object: {
      ...(blocked.length > 0 ? { blocked_by: blocked } : {}),
      effects: impact.effects.slice(0, shown),
      ...(impact.effects.length > shown ? { more_effects: impact.effects.length - shown } : {}),
      ...(action === 'delete' && finalizers.length > 0 ? { waits_for_finalizers: finalizers } : {}),
    },
  };
}

async function impactOf(
  call: ToolCall,
  input: ImpactInput,
  { group }: Resource,
  found: KubeObject,
): Promise<Impact> {
  const isDelete = input.action === 'delete';
  const packageKind = packageKinds.find((kind) => kind === input.kind);
  if (group === 'pkg.crossplane.io' && packageKind) {
    const used = packageKind === 'Function' ? await stepsOf(call, input.name) : [];
    const run = used.map((step) => `composition step ${step} runs it`);
    if (isDelete) {
      const { dependents, effects, live } = await removalImpact(call, packageKind, input.name);
      return { effects, blocked: [...dependents, ...live.map((one) => `exists: ${countText(one)}`), ...run] };
    }
    const dependents = await dependentsOf(call, sourceOf((found as PackageObject).spec.package));
    return { effects: [...dependents.map(dependentText), ...run] };
  }
  if (group === 'apiextensions.crossplane.io' && input.kind === 'CompositeResourceDefinition')
    return await definitionImpact(call, found as Definition, isDelete);
  if (group === 'apiextensions.crossplane.io' && input.kind === 'Composition')
    return await compositionImpact(call, found as Composition, isDelete);
  const tree = await resourceTree(call, input, most);
  const below = tree.nodes.slice(1).map((node) => `${isDelete ? 'deletes' : 'may change'} ${nodeName(node)}`);
  return {
    effects: tree.left > 0 ? [...below, `and ${tree.left} more at least`] : below,
    ...(isDelete ? { blocked: protectedBelow(tree.nodes.slice(1)) } : {}),
  };
}

/** A usage on something below: Crossplane is refused its deletion, and all above waits. */
function protectedBelow(nodes: readonly TreeNode[]): string[] {
  const held = nodes.filter(({ object }) => object?.metadata.labels?.['crossplane.io/in-use'] === 'true');
  return held.map((node) => `${nodeName(node)} is protected by a usage`);
}

interface Definition extends KubeObject {
  spec: {
    group: string;
    scope?: string;
    names: { plural: string; kind: string };
    claimNames?: { plural: string };
  };
}

async function definitionImpact(call: ToolCall, { spec }: Definition, isDelete: boolean): Promise<Impact> {
  const crds = [spec.names, ...(spec.claimNames ? [spec.claimNames] : [])].map(
    ({ plural }) => `${plural}.${spec.group}`,
  );
  const counts = await countObjects(call, await kindsOfCrds(call, crds));
  if (!isDelete) return { effects: counts.map((one) => `has to fit the new schema: ${countText(one)}`) };
  const stays = spec.scope === 'Namespaced' && counts.length > 0;
  return {
    effects: [
      ...counts.map((one) =>
        stays ? countText(one) : `deletes ${countText(one)} with their infrastructure`,
      ),
      ...crds.map((crd) => `deletes the CRD ${crd}`),
    ],
    // Its controller deletes those of one namespace only, the empty one: the XRD then hangs in its deletion.
    ...(stays
      ? { blocked: ['namespaced composite resources are not deleted with it: delete them first'] }
      : {}),
  };
}

interface Composition extends KubeObject {
  spec: { compositeTypeRef: { apiVersion: string; kind: string } };
}

interface Composite extends KubeObject {
  spec?: CompositionUse & { crossplane?: CompositionUse };
}

interface CompositionUse {
  compositionRef?: { name: string };
  compositionUpdatePolicy?: string;
}

async function compositionImpact(call: ToolCall, found: Composition, isDelete: boolean): Promise<Impact> {
  const { apiVersion, kind } = found.spec.compositeTypeRef;
  const resource = await call.kinds.resourceOf(apiVersion, kind);
  if (!resource) return { effects: [], blocked: [] };
  const { items, continueToken } = await call.api.list<Composite>(resource);
  const users = items.filter((one) => useOf(one).compositionRef?.name === found.metadata.name);
  const manual = users.filter((one) => useOf(one).compositionUpdatePolicy === 'Manual');
  const more = continueToken
    ? [`more than ${items.length} ${kind} exist: the others were not looked at`]
    : [];
  if (isDelete)
    return {
      effects: ['deletes its revisions', ...more],
      blocked: users.map(({ metadata }) => `${kind} ${metadata.name} could no longer be composed`),
    };
  const automatic = users.filter((one) => !manual.includes(one));
  return {
    effects: [
      ...automatic.map(({ metadata }) => `changes ${kind} ${metadata.name} at once (policy Automatic)`),
      ...manual.map(({ metadata }) => `leaves ${kind} ${metadata.name} as it is (policy Manual)`),
      ...more,
    ],
  };
}

function useOf({ spec }: Composite): CompositionUse {
  return { ...spec, ...spec?.crossplane };
}
