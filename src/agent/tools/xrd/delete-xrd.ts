import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { poll } from '../polling.ts';
import { refuseInUse } from '../protection/usages.ts';
import { readIfThere, readObject } from '../read-object.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { claimsOf, compositesOf, countOf, scopeOf, someOf, type Xrd } from './xrd-objects.ts';
import { identityOf } from './update-xrd.ts';

const waitSeconds = 5;
const maxNamed = 15;

export async function deleteXrd(call: ToolCall, { name }: { name: string }): Promise<ToolAnswer> {
  const resource = await call.kinds.find('CompositeResourceDefinition');
  const xrd = await readObject<Xrd>(call, resource, { name });
  if (xrd.metadata.deletionTimestamp !== undefined)
    return {
      summary: `XRD ${name} is being deleted already`,
      object: { since: xrd.metadata.deletionTimestamp, finalizers: xrd.metadata.finalizers },
      next: ['list_stuck_deletions'],
    };
  await refuseInUse(
    call,
    { apiVersion: `${resource.group}/${resource.version}`, kind: resource.kind, name },
    xrd.metadata.labels,
  );
  const composites = compositesOf(xrd);
  const claims = claimsOf(xrd);
  const [xrs, claimed] = await Promise.all([countOf(call, composites), claims ? countOf(call, claims) : 0]);
  if (xrs === undefined || claimed === undefined)
    throw new ToolError(
      'forbidden',
      `XRD ${name} was not deleted: this account may not list ${composites.kind}s, so nobody could say what goes with it`,
      { hint: `ask for the right to list ${composites.plural}.${composites.group}` },
    );
  const named = xrs > 0 ? await someOf(call, composites, maxNamed) : [];
  if (scopeOf(xrd) === 'Namespaced' && xrs > 0)
    throw new ToolError(
      'in_use',
      `XRD ${name} has ${xrs} composite resources in namespaces: Crossplane leaves them, and the XRD would hang in deletion`,
      { hint: 'delete these composite resources first', details: { composite_resources: named } },
    );
  await call.confirm({
    summary:
      xrs + claimed === 0
        ? `deletes the XRD ${name} and its CRDs; there are no composite resources of it`
        : `deletes the XRD ${name}, ${xrs} composite resources and ${claimed} claims, with all their infrastructure`,
    effects: [
      ...named,
      ...(xrs > named.length ? [`and ${xrs - named.length} more ${composites.kind}`] : []),
      ...(claims && claimed > 0 ? await someOf(call, claims, 5) : []),
      `CRD ${name}${claims ? `, CRD ${claims.plural}.${claims.group}` : ''}`,
    ],
    objects: [identityOf(xrd)],
  });
  const { uid, resourceVersion } = identityOf(xrd);
  await call.api.delete(resource, { name }, { uid, resourceVersion });
  call.kinds.forget();
  const left = await poll(
    call,
    waitSeconds,
    `the deletion of XRD ${name} has begun`,
    () => readIfThere<Xrd>(call, resource, { name }),
    (seen) => seen === undefined,
  );
  const gone = left === undefined;
  return {
    summary: gone ? `XRD ${name} is gone` : `XRD ${name} is being deleted, after its composite resources`,
    object: { gone, composite_resources: xrs, claims: claimed },
    ...(gone ? {} : { next: ['list_stuck_deletions', `get_xrd name=${name}`] }),
  };
}
