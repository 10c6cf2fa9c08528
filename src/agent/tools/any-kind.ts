import type { Resource } from '../cluster/cluster-api.ts';
import { nearestNames } from './nearest-names.ts';
import { ToolError } from './tool-error.ts';
import type { ToolCall } from './tool.ts';
import { apiVersionOf } from './write-object.ts';

/**
 * A kind that a tool was given by apiVersion and kind. Asked for a second time where it is unknown: kinds come with packages.
 * Throws `not_found` with kinds of a similar name.
 */
export async function anyKind({ kinds }: ToolCall, apiVersion: string, kind: string): Promise<Resource> {
  const known = await kinds.resourceOf(apiVersion, kind);
  if (known) return known;
  kinds.forget();
  const fresh = await kinds.resourceOf(apiVersion, kind);
  if (fresh) return fresh;
  const all = await kinds.all();
  const same = all.filter((one) => one.kind.toLowerCase() === kind.toLowerCase());
  const others = same.length > 0 ? same : similar(kind, all);
  throw new ToolError('not_found', `this control plane serves no ${kind} in ${apiVersion}`, {
    hint: `there is: ${others.map((one) => `${one.kind} in ${apiVersionOf(one)}`).join(', ')}`,
    details: { field: 'kind' },
  });
}

function similar(kind: string, all: readonly Resource[]): Resource[] {
  const nearest = nearestNames(kind, [...new Set(all.map((one) => one.kind))]);
  return nearest.flatMap((name) => all.find((one) => one.kind === name) ?? []);
}

/** Throws `invalid` where a namespace is missing, or given for what has none. */
export function placeOf(
  { kind, namespaced }: Resource,
  name: string,
  namespace: string | undefined,
): { name: string; namespace?: string } {
  if (namespaced && namespace === undefined)
    throw new ToolError('invalid', `${kind} lives in namespaces: say which`, {
      details: { field: 'namespace' },
    });
  // Kubernetes, too, takes a namespace for what has none as a mistake.
  if (!namespaced && namespace !== undefined)
    throw new ToolError('invalid', `${kind} is cluster-scoped: leave the namespace out`, {
      details: { field: 'namespace' },
    });
  return namespace === undefined ? { name } : { name, namespace };
}
