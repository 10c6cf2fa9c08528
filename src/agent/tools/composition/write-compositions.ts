import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { changeLines } from '../field-changes.ts';
import type { Manifest } from '../parameters.ts';
import { refuseInUse } from '../protection/usages.ts';
import { readObject } from '../read-object.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import {
  apiVersionOf,
  carryOut,
  createObject,
  invalid,
  nameOf,
  planUpdate,
  typed,
  type UpdateInput,
} from '../write-object.ts';
import { identityOf } from '../xrd/update-xrd.ts';
import { showName } from '../xrd/xrd-objects.ts';
import { checkComposition } from './composition-checks.ts';
import { type Composite, type Composition, stepLines, typeText, usersOf } from './composition-objects.ts';
import { byPolicy } from './read-compositions.ts';

const maxNamed = 15;

export async function createComposition(
  call: ToolCall,
  input: { manifest: Manifest; dry_run?: boolean | undefined },
): Promise<ToolAnswer> {
  const resource = await call.kinds.find('Composition');
  const body = typed(input.manifest, resource);
  const name = nameOf(body);
  const warnings = await checkComposition(call, body as unknown as Composition);
  const instead = `get_composition name=${name} shows it; update_composition changes it`;
  const created = await createObject<Composition>(call, resource, body, {
    dryRun: input.dry_run ?? false,
    instead,
  });
  return {
    summary: input.dry_run ? `dry run: composition ${name} would be created` : `composition ${name} created`,
    object: {
      name,
      api_version: apiVersionOf(resource),
      type: typeText(created.spec),
      mode: created.spec.mode ?? 'Resources',
      steps: stepLines(created.spec),
    },
    warnings,
    next: input.dry_run ? [] : [`get_composition name=${name}`],
  };
}

export async function updateComposition(
  call: ToolCall,
  input: UpdateInput & { name: string },
): Promise<ToolAnswer> {
  const { name } = input;
  const resource = await call.kinds.find('Composition');
  const plan = await planUpdate<Composition>(call, resource, { name }, input, (before, wanted) =>
    refuseOtherType(before, wanted as unknown as Composition),
  );
  if (plan.changes.length === 0)
    return { summary: `composition ${name} is like that already: nothing was changed` };
  const changesSpec = plan.changes.some(({ path }) => path.startsWith('spec'));
  const warnings = changesSpec ? await checkComposition(call, plan.after) : [];
  const lines = changeLines(plan.changes);
  const effects = changesSpec ? await effectsOf(call, plan.before) : [];
  if (input.dry_run)
    return {
      summary: `dry run: composition ${name} would be changed`,
      object: { changes: lines, effects },
      warnings,
    };
  await call.confirm({
    summary: changesSpec
      ? `makes a new revision of the composition ${name}; ${effects[0]}`
      : `changes metadata of the composition ${name}`,
    effects: [...effects, ...lines].slice(0, 20),
    objects: [identityOf(plan.before)],
  });
  const after = await carryOut(call, resource, { name }, input, plan);
  return {
    summary: `composition ${name} changed`,
    object: { changes: lines, effects, resource_version: after.metadata.resourceVersion },
    warnings,
    next: [`list_composition_revisions composition=${name}`],
  };
}

export async function deleteComposition(call: ToolCall, { name }: { name: string }): Promise<ToolAnswer> {
  const resource = await call.kinds.find('Composition');
  const found = await readObject<Composition>(call, resource, { name });
  await refuseInUse(
    call,
    { apiVersion: apiVersionOf(resource), kind: resource.kind, name },
    found.metadata.labels,
  );
  const users = await usersOf(call, found);
  if (!users)
    throw new ToolError(
      'forbidden',
      `composition ${name} was not deleted: this account may not list its XRs, so nobody could say who uses it`,
      { hint: `ask for the right to list ${found.spec.compositeTypeRef.kind}` },
    );
  if (users.xrs.length > 0)
    throw new ToolError(
      'in_use',
      `composition ${name} composes ${users.xrs.length}${users.atLeast ? ' or more' : ''} XRs, which could not be composed any more`,
      {
        hint: 'delete these XRs, or have them choose another composition, first',
        details: { xrs: namesOf(users.xrs) },
      },
    );
  await call.confirm({
    summary: `deletes the composition ${name} and its revisions; no XR uses it`,
    effects: users.atLeast ? ['not all XRs could be looked at'] : [],
    objects: [identityOf(found)],
  });
  const { uid, resourceVersion } = identityOf(found);
  await call.api.delete(resource, { name }, { uid, resourceVersion });
  return { summary: `composition ${name} deleted, and with it its revisions` };
}

function refuseOtherType(before: Composition, wanted: Composition): void {
  const { apiVersion, kind } = before.spec.compositeTypeRef;
  const type = wanted.spec?.compositeTypeRef;
  if (type?.apiVersion === apiVersion && type.kind === kind) return;
  throw invalid(
    'spec.compositeTypeRef',
    'the compositeTypeRef of a composition cannot change',
    'create another composition, and have XRs choose it',
  );
}

async function effectsOf(call: ToolCall, composition: Composition): Promise<string[]> {
  const users = await usersOf(call, composition);
  if (!users) return ['how many XRs follow is unknown: this account may not list them'];
  const { automatic, manual } = byPolicy(users.xrs);
  const more = users.atLeast ? ' or more' : '';
  if (users.xrs.length === 0) return ['no XR uses it'];
  return [
    `${automatic.length}${more} XRs follow at once (Automatic), and lose what it no longer composes; ${manual.length} stay on their revision (Manual)`,
    ...namesOf(automatic).map((xr) => `follows: ${xr}`),
  ];
}

function namesOf(xrs: readonly Composite[]): string[] {
  const named = xrs.slice(0, maxNamed).map(({ metadata }) => showName(metadata));
  return xrs.length > maxNamed ? [...named, `and ${xrs.length - maxNamed} more`] : named;
}
