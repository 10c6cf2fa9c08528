import type { KubeObject } from '../../../apimachinery/objects.ts';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { eventsOf } from '../events-of.ts';
import { readIfThere } from '../read-object.ts';
import type { PackageKind } from '../packages/package-kinds.ts';
import type { ToolCall } from '../tool.ts';
import { troubleOf } from './node-health.ts';
import { providerOf, unhealthyPackages } from './provider-health.ts';
import { nodeName, resourceTree, type Tree, type TreeNode, type TreeObject } from './resource-tree.ts';

export interface DiagnosisInput {
  api_version: string;
  kind: string;
  name: string;
  namespace?: string | undefined;
}

const most = 300;
/** Causes that are told in full, with their events; the others are counted. */
const toldInFull = 3;
const eventsEach = 4;

interface Revision extends KubeObject {
  spec: { pipeline?: { functionRef?: { name: string } }[] };
}

/** What keeps an object from being ready: the deepest failures first, since those above only wait for them. */
export async function diagnose(call: ToolCall, input: DiagnosisInput): Promise<ToolAnswer> {
  const tree = await resourceTree(call, input, most);
  const failing = failures(tree);
  const packages = await packagesBehind(
    call,
    tree,
    failing.map(({ node }) => node),
  );
  const [first] = failing;
  const name = nodeName(tree.root);
  if (!first)
    return {
      summary: `nothing is wrong with ${name} and the ${tree.nodes.length - 1} objects below it`,
      object: { conditions: 'none is False or Unknown', ...(packages.length > 0 ? { packages } : {}) },
      warnings: leftOut(tree),
    };
  const causes = await Promise.all(
    failing.slice(0, toldInFull).map(async ({ node, trouble }) => {
      const seen = node.object ? await eventsOf(call, node.object.metadata, eventsEach) : [];
      const events = seen ?? 'may not be read by this server';
      return {
        resource: nodeName(node),
        api_version: node.ref.apiVersion,
        path: pathTo(tree.root, node).map(nodeName).join(' > '),
        trouble,
        events: events.length > 0 ? events : undefined,
      };
    }),
  );
  return {
    // Names of objects alone: what a condition says, or a reference, may be anybody's text, and belongs among the data.
    summary: `${name} is not well: ${packages.length > 0 ? 'a package that it needs is not healthy' : `look at ${first.node.object ? nodeName(first.node) : 'what it refers to'}`}`,
    object: {
      ...(packages.length > 0 ? { packages } : {}),
      causes,
      ...(failing.length > toldInFull
        ? { also_failing: failing.slice(toldInFull, toldInFull + 15).map(({ node }) => nodeName(node)) }
        : {}),
      objects: `${failing.length} of ${tree.nodes.length} are failing`,
    },
    warnings: leftOut(tree),
    next: [`get_resource_tree ${argumentsOf(input)}`],
  };
}

interface Failure {
  node: TreeNode;
  trouble: string[];
}

/** Deepest first; of equally deep ones those that cannot even be synced before those that are just not ready. */
function failures({ nodes }: Tree): Failure[] {
  const failing = new Set<TreeNode>();
  const found: Failure[] = [];
  // From the bottom up, so that each knows whether something below it fails.
  for (const node of nodes.toReversed()) {
    const isBelowFailing = node.children.some((child) => failing.has(child));
    if (isBelowFailing) failing.add(node);
    const trouble = troubleOf(node, isBelowFailing);
    if (trouble.length === 0) continue;
    failing.add(node);
    found.push({ node, trouble });
  }
  return found.toSorted((a, b) => b.node.depth - a.node.depth || weight(b) - weight(a));
}

function weight({ node, trouble }: Failure): number {
  if (!node.object) return 3;
  return trouble.some((line) => line.startsWith('Synced')) ? 2 : 1;
}

/** The provider of each failing kind and the functions of each composition on the way, where one of them is not healthy. */
async function packagesBehind(call: ToolCall, tree: Tree, failing: readonly TreeNode[]): Promise<string[]> {
  const isPackage = tree.root.resource?.group === 'pkg.crossplane.io';
  if (failing.length === 0 || isPackage) return [];
  const wanted = new Set<string>();
  const kinds = new Map(
    failing.flatMap(({ resource }) =>
      resource ? [[`${resource.plural}.${resource.group}`, resource] as const] : [],
    ),
  );
  for (const resource of kinds.values()) {
    const provider = await providerOf(call, resource);
    if (provider) wanted.add(`Provider ${provider}`);
  }
  const composed = tree.nodes.flatMap(({ object }) => (object ? (revisionNameOf(object) ?? []) : []));
  for (const name of new Set(composed))
    for (const used of await functionsOf(call, name)) wanted.add(`Function ${used}`);
  // A kind that is not served names no provider: any that is not healthy may be the one.
  const anyProvider = failing.some(({ resource }) => !resource);
  return await unhealthyPackages(
    call,
    (kind: PackageKind, name) => wanted.has(`${kind} ${name}`) || (anyProvider && kind === 'Provider'),
  );
}

function revisionNameOf({ spec }: TreeObject): string | undefined {
  return (
    spec?.crossplane?.compositionRevisionRef?.name ??
    (spec?.resourceRef ? undefined : spec?.compositionRevisionRef?.name)
  );
}

async function functionsOf(call: ToolCall, name: string): Promise<string[]> {
  const resource = await call.kinds.findServed('CompositionRevision');
  const revision = resource ? await readIfThere<Revision>(call, resource, { name }) : undefined;
  return (revision?.spec.pipeline ?? []).flatMap(({ functionRef }) => functionRef?.name ?? []);
}

function pathTo(node: TreeNode, wanted: TreeNode): TreeNode[] {
  if (node === wanted) return [node];
  for (const child of node.children) {
    const below = pathTo(child, wanted);
    if (below.length > 0) return [node, ...below];
  }
  return [];
}

function leftOut({ left }: Tree): string[] {
  return left > 0 ? [`${left} objects were not looked at: there are more than ${most}`] : [];
}

function argumentsOf({ api_version: apiVersion, kind, name, namespace }: DiagnosisInput): string {
  return `api_version=${apiVersion} kind=${kind} name=${name}${namespace ? ` namespace=${namespace}` : ''}`;
}
