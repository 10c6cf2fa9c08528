import type { Condition, KubeObject } from '../../../apimachinery/objects.ts';
import { explainMissing } from '../read-object.ts';
import { nearestNames } from '../nearest-names.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { ClaimPlace, claimToApp, ownLabels } from './claim-place.ts';
import { type OfferedKind, offeredKind } from './offered-kinds.ts';

export interface ClaimName {
  kind: string;
  namespace: string;
  name: string;
}

export interface Claim extends KubeObject {
  spec?: {
    resourceRef?: { apiVersion: string; kind: string; name: string };
    compositionRef?: { name: string };
    compositeDeletePolicy?: string;
    writeConnectionSecretToRef?: { name: string };
    [field: string]: unknown;
  };
  status?: { conditions?: Condition[]; [field: string]: unknown };
}

export async function claimPlace(call: ToolCall, { kind, namespace, name }: ClaimName): Promise<ClaimPlace> {
  const resource = await offeredKind(call, 'claim', kind);
  return new ClaimPlace(resource, { namespace, name }, call.connection);
}

/** As it stands on the control plane. Throws ToolError `not_found` for one of another app cluster, too. */
export async function readOwnClaim(call: ToolCall, at: ClaimPlace): Promise<Claim> {
  const { resource, place } = at;
  try {
    const found = await call.api.get<Claim>(resource, place);
    if (at.isOwn(found)) return found;
  } catch (error) {
    if (!call.connection) throw await explainMissing(call, resource, place, error);
    if (!(error instanceof ToolError) || error.code !== 'not_found') throw inAppWords(at, error);
  }
  throw await missing(call, at);
}

async function missing(
  { api, connection }: ToolCall,
  { resource, app, place }: ClaimPlace,
): Promise<ToolError> {
  const labelSelector = connection && ownLabels(connection, app.namespace);
  const others = await api
    .list(resource, { namespace: place.namespace, labelSelector, limit: 500 })
    .catch(() => undefined);
  const names = (others?.items ?? []).map((object) => claimToApp(object).metadata.name);
  const nearest = nearestNames(app.name, names);
  return new ToolError(
    'not_found',
    `there is no ${resource.kind} ${app.name} in the namespace ${app.namespace}`,
    {
      hint: nearest.length > 0 ? `did you mean ${nearest.join(', ')}?` : 'list_claims shows what there is',
      details: { nearest },
    },
  );
}

/** An error about the object on the control plane, in the names that the caller knows. */
export function inAppWords(at: ClaimPlace, error: unknown): unknown {
  if (!(error instanceof ToolError)) return error;
  // Its words are the tool's own, and a copy would be without the code that the call is repeated with.
  if (error.code === 'confirmation_required') return error;
  const { details, hint, ...facts } = error.facts;
  const told = details && (JSON.parse(at.textToApp(JSON.stringify(details))) as Record<string, unknown>);
  const message = at.textToApp(error.message);
  return new ToolError(
    error.code,
    message,
    {
      ...facts,
      ...(hint === undefined ? {} : { hint: at.textToApp(hint) }),
      ...(told ? { details: told } : {}),
    },
    // Whose words they are is told by the cause.
    { cause: error.cause === undefined ? undefined : new Error(message) },
  );
}

/** `True`, `False (reason)`, or nothing where it was not reported yet. */
export function shortState(object: Claim, type: string): string | undefined {
  const found = object.status?.conditions?.find((condition) => condition.type === type);
  if (!found) return undefined;
  return found.status === 'True' || !found.reason ? found.status : `${found.status} (${found.reason})`;
}

export function kindText({ kind, group }: OfferedKind): string {
  return `${kind}.${group}`;
}
