import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { conditionText } from '../conditions.ts';
import { counted, type ListInput, rowsOf } from '../list-page.ts';
import { manifestAsked } from '../read-object.ts';
import type { ToolCall } from '../tool.ts';
import { claimToApp, ownLabels } from './claim-place.ts';
import { offeredPage } from './offered-page.ts';
import { type Claim, type ClaimName, claimPlace, kindText, readOwnClaim, shortState } from './own-claim.ts';

/** What Crossplane keeps in a claim; shown apart from what somebody asked for. */
const machinery = new Set([
  'resourceRef',
  'compositionRef',
  'compositionRevisionRef',
  'compositionSelector',
  'compositionUpdatePolicy',
  'compositeDeletePolicy',
  'writeConnectionSecretToRef',
  'crossplane',
]);

export async function listClaims(
  call: ToolCall,
  input: ListInput & { kind?: string | undefined; namespace?: string | undefined },
): Promise<ToolAnswer> {
  const { connection } = call;
  const selectors = [connection && ownLabels(connection, input.namespace), input.label_selector];
  const page = await offeredPage<Claim>(call, 'list_claims', 'claim', input, {
    namespace: connection ? connection.claimNamespace : input.namespace,
    labelSelector: selectors.filter((part) => part !== undefined).join(',') || undefined,
  });
  const claims = page.items.map(({ resource, object }) => ({
    resource,
    object: connection ? claimToApp(object) : object,
  }));
  const objects = claims.map(({ object }) => object);
  const rows = rowsOf(input, objects, (claim) => ({
    namespace: claim.metadata.namespace,
    name: claim.metadata.name,
    synced: shortState(claim, 'Synced'),
    ready: shortState(claim, 'Ready'),
  }));
  return {
    summary: counted(rows.length, undefined, 'claim'),
    items: rows.map((row, at) => Object.assign({ kind: kindText(claims[at]!.resource) }, row)),
    warnings: page.warnings,
    ...(page.nextCursor === undefined ? {} : { nextCursor: page.nextCursor }),
  };
}

export async function getClaim(
  call: ToolCall,
  input: ClaimName & { detail?: 'summary' | 'full' | undefined; fields?: readonly string[] | undefined },
): Promise<ToolAnswer> {
  const at = await claimPlace(call, input);
  const claim = at.toApp(await readOwnClaim(call, at));
  const summary = `${input.kind} ${input.namespace}/${input.name}`;
  const asked = manifestAsked(input, claim);
  if (asked.manifest) return { summary, ...asked };
  const { spec = {}, status = {}, metadata } = claim;
  const { conditions = [], connectionDetails: _published, ...ownStatus } = status;
  const ready = shortState(claim, 'Ready');
  return {
    summary: `${summary}: ${metadata.deletionTimestamp ? 'being deleted' : `ready ${ready ?? 'unknown'}`}`,
    object: {
      conditions: conditions.map((condition) => `${condition.type} ${conditionText(condition)}`),
      spec: Object.fromEntries(Object.entries(spec).filter(([field]) => !machinery.has(field))),
      ...(Object.keys(ownStatus).length > 0 ? { status: ownStatus } : {}),
      ...machineryOf(spec),
      created: metadata.creationTimestamp,
      resource_version: metadata.resourceVersion,
    },
    next:
      ready === 'True' || spec.resourceRef === undefined
        ? []
        : [
            `diagnose_resource api_version=${spec.resourceRef.apiVersion} kind=${spec.resourceRef.kind} name=${spec.resourceRef.name}`,
          ],
  };
}

/** Where it leads on the control plane. */
function machineryOf(spec: NonNullable<Claim['spec']>): Record<string, unknown> {
  const { resourceRef, compositionRef, writeConnectionSecretToRef } = spec;
  return {
    ...(resourceRef ? { composite_resource: `${resourceRef.kind} ${resourceRef.name}` } : {}),
    ...(compositionRef ? { composition: compositionRef.name } : {}),
    ...(writeConnectionSecretToRef ? { connection_secret_name: writeConnectionSecretToRef.name } : {}),
  };
}
