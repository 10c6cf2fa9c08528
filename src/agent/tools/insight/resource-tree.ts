import type { Condition, KubeObject } from '../../../apimachinery/objects.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import { anyKind, placeOf } from '../any-kind.ts';
import { mapBounded } from '../bounded.ts';
import { readObject } from '../read-object.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';

interface Ref {
  apiVersion: string;
  kind: string;
  name: string;
  namespace?: string;
}

/** A claim, a composite resource of either scope, or whatever one of them composes. */
export interface TreeObject extends KubeObject {
  spec?: {
    /** Of a claim. */
    resourceRef?: Ref;
    /** Of a composite resource of Crossplane 1, or of scope LegacyCluster. */
    resourceRefs?: Ref[];
    compositionRef?: { name: string };
    compositionRevisionRef?: { name: string };
    /** Of a composite resource of Crossplane 2. */
    crossplane?: {
      resourceRefs?: Ref[];
      compositionRef?: { name: string };
      compositionRevisionRef?: { name: string };
    };
  };
  status?: { conditions?: Condition[] };
}

export interface TreeNode {
  ref: Ref;
  depth: number;
  /** Undefined where its kind is not served. */
  resource: Resource | undefined;
  /** Undefined where it is not there, or may not be read: then `problem` says which. */
  object: TreeObject | undefined;
  problem?: string;
  children: TreeNode[];
}

export interface Tree {
  root: TreeNode;
  /** Every node, each before its children. */
  nodes: TreeNode[];
  /** References that were not followed: there were too many. */
  left: number;
}

const maxDepth = 12;

/** From any object down to all that it is made of; at most so many nodes, level by level. */
export async function resourceTree(
  call: ToolCall,
  from: { api_version: string; kind: string; name: string; namespace?: string | undefined },
  most: number,
): Promise<Tree> {
  const resource = await anyKind(call, from.api_version, from.kind);
  const place = placeOf(resource, from.name, from.namespace);
  const object = await readObject<TreeObject>(call, resource, place);
  const ref: Ref = { apiVersion: from.api_version, kind: from.kind, ...place };
  const root: TreeNode = { ref, depth: 0, resource, object, children: [] };
  const seen = new Set([keyOf(root.ref)]);
  let count = 1;
  let left = 0;
  for (let level = [root]; level.length > 0;) {
    const wanted: { parent: TreeNode; ref: Ref }[] = [];
    for (const parent of level)
      for (const child of childrenOf(parent)) {
        // Two composites may name one object, and in a circle each other.
        if (seen.has(keyOf(child))) continue;
        seen.add(keyOf(child));
        if (count >= most || parent.depth >= maxDepth) left++;
        else {
          count++;
          wanted.push({ parent, ref: child });
        }
      }
    const nodes = await mapBounded(wanted, ({ parent, ref: child }) => readNode(call, child, parent));
    for (const [at, node] of nodes.entries()) wanted[at]?.parent.children.push(node);
    level = nodes;
  }
  return { root, nodes: flat(root), left };
}

function keyOf({ apiVersion, kind, name, namespace }: Ref): string {
  return [apiVersion, kind, namespace ?? '', name].join(' ');
}

function childrenOf({ object, resource }: TreeNode): Ref[] {
  const spec = object?.spec;
  if (!spec) return [];
  const isRef = (ref: Ref | undefined): ref is Ref => Boolean(ref?.name && ref.kind && ref.apiVersion);
  const refs = [
    spec.resourceRef,
    ...(spec.resourceRefs ?? []),
    ...(spec.crossplane?.resourceRefs ?? []),
  ].filter(isRef);
  // What a namespaced composite composes lies in its own namespace, and its references leave that out.
  const own = resource?.namespaced && !spec.resourceRef ? object.metadata.namespace : undefined;
  if (own === undefined) return refs;
  return refs.map(({ apiVersion, kind, name, namespace = own }) => ({ apiVersion, kind, name, namespace }));
}

async function readNode(call: ToolCall, named: Ref, parent: TreeNode): Promise<TreeNode> {
  const depth = parent.depth + 1;
  const resource = await call.kinds.resourceOf(named.apiVersion, named.kind);
  if (!resource)
    return {
      ref: named,
      depth,
      resource,
      object: undefined,
      problem: `${named.kind} of ${named.apiVersion} is not served: its provider is missing or not healthy`,
      children: [],
    };
  const { namespace, ...clusterScoped } = named;
  const ref = resource.namespaced && namespace !== undefined ? named : clusterScoped;
  try {
    const object = await call.api.get<TreeObject>(resource, ref);
    return { ref, depth, resource, object, children: [] };
  } catch (error) {
    if (!(error instanceof ToolError) || (error.code !== 'not_found' && error.code !== 'forbidden'))
      throw error;
    const problem = error.code === 'forbidden' ? 'may not be read by this server' : 'does not exist';
    return { ref, depth, resource, object: undefined, problem, children: [] };
  }
}

function flat(node: TreeNode): TreeNode[] {
  return [node, ...node.children.flatMap(flat)];
}

export function nodeName({ ref: { kind, name, namespace } }: TreeNode): string {
  return `${kind} ${namespace ? `${namespace}/` : ''}${name}`;
}
