import type { KubeObject } from '../../apimachinery/objects.ts';
import { selectFields } from '../answers/field-selection.ts';
import type { ToolAnswer } from '../answers/tool-answer.ts';
import type { Place, Resource } from '../cluster/cluster-api.ts';
import { nearestNames } from './nearest-names.ts';
import { ToolError } from './tool-error.ts';
import type { ToolCall } from './tool.ts';

type Named = Place & { name: string };

/** Throws ToolError `not_found` with the nearest names, and `not_installed` where the kind itself has gone. */
export async function readObject<T extends KubeObject>(
  call: ToolCall,
  resource: Resource,
  place: Named,
): Promise<T> {
  try {
    return await call.api.get<T>(resource, place);
  } catch (error) {
    throw await explainMissing(call, resource, place, error);
  }
}

/** Undefined in the place of an object that is not there. */
export async function readIfThere<T extends KubeObject>(
  call: ToolCall,
  resource: Resource,
  place: Named,
): Promise<T | undefined> {
  try {
    return await call.api.get<T>(resource, place);
  } catch (error) {
    if (error instanceof ToolError && error.code === 'not_found') return undefined;
    throw error;
  }
}

/** Any other failure passes as it is. */
export async function explainMissing(
  { api, kinds }: ToolCall,
  resource: Resource,
  { name, namespace }: Named,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof ToolError) || error.code !== 'not_found') return error;
  const { kind, plural, group } = resource;
  // The 404 of an object names it; that of a path that is no longer served does not.
  if (error.facts.details?.['name'] === undefined) {
    kinds.forget();
    return new ToolError('not_installed', `the control plane no longer serves ${plural}.${group}`, {
      ...error.facts,
      hint: 'its CRD was removed a moment ago; list what there is',
    });
  }
  const others = await api.listMetadata(resource, { namespace, limit: 500 }).catch(() => undefined);
  const nearest = nearestNames(name, others?.items.map(({ metadata }) => metadata.name) ?? []);
  const where = namespace === undefined ? '' : ` in the namespace ${namespace}`;
  return new ToolError('not_found', `there is no ${kind} ${name}${where}`, {
    ...error.facts,
    hint: nearest.length > 0 ? `did you mean ${nearest.join(', ')}?` : 'a list shows what there is',
    ...(nearest.length > 0 ? { details: { nearest } } : {}),
  });
}

interface Wanted {
  detail?: 'summary' | 'full' | undefined;
  fields?: readonly string[] | undefined;
}

/** What a `get_…` answers beside its summary: nothing, the fields that were asked for, or the manifest. */
export function manifestAsked({ detail, fields }: Wanted, object: KubeObject): Pick<ToolAnswer, 'manifest'> {
  if (fields && fields.length > 0) return { manifest: selectFields(object, fields) };
  return detail === 'full' ? { manifest: { ...object } } : {};
}
