import type { KubeObject } from '../../../apimachinery/objects.ts';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { mapBounded } from '../bounded.ts';
import { conditionOf } from '../conditions.ts';
import { counted, type ListInput, listPage, rowsOf } from '../list-page.ts';
import { manifestAsked, readObject } from '../read-object.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { invalid } from '../write-object.ts';
import { idleControllers } from './idle-controllers.ts';
import { schemaFields } from './schema-fields.ts';
import { claimsOf, compositesOf, countOf, referenceableOf, scopeOf, type Xrd } from './xrd-objects.ts';

const kind = 'CompositeResourceDefinition';
/** Lines of a summary; the rest is in the manifest. */
const maxFields = 40;
const maxCompositions = 20;

interface CompositionOfType extends KubeObject {
  spec: { compositeTypeRef: { apiVersion: string; kind: string } };
}

export async function listXrds(call: ToolCall, input: ListInput): Promise<ToolAnswer> {
  const resource = await call.kinds.find(kind);
  const { items, total, nextCursor } = await listPage<Xrd>(call, 'list_xrds', resource, input);
  const wantsCounts = !input.fields || input.fields.length === 0;
  const counts = wantsCounts ? await mapBounded(items, (xrd) => countOf(call, compositesOf(xrd))) : [];
  const rows = rowsOf(input, items, (xrd) => ({
    name: xrd.metadata.name,
    kind: xrd.spec.names.kind,
    claim: xrd.spec.claimNames?.kind,
    scope: scopeOf(xrd),
    versions: xrd.spec.versions.map(versionText),
    state: stateOf(xrd),
    xrs: counts[items.indexOf(xrd)] ?? '?',
  }));
  const failing = items.filter((xrd) => stateOf(xrd) !== 'ok').length;
  return {
    summary: `${counted(items.length, total, 'XRD')}${failing > 0 ? `, ${failing} not ok` : ''}`,
    items: rows,
    ...(total === undefined ? {} : { total }),
    ...(nextCursor === undefined ? {} : { nextCursor }),
  };
}

export interface GetXrdInput {
  name: string;
  version?: string | undefined;
  detail?: 'summary' | 'full' | undefined;
  fields?: readonly string[] | undefined;
}

export async function getXrd(call: ToolCall, input: GetXrdInput): Promise<ToolAnswer> {
  const xrd = await readObject<Xrd>(call, await call.kinds.find(kind), { name: input.name });
  const asked = manifestAsked(input, xrd);
  if (asked.manifest) return { summary: `XRD ${input.name}`, ...asked };
  const version = input.version
    ? xrd.spec.versions.find(({ name }) => name === input.version)
    : referenceableOf(xrd);
  if (!version)
    throw invalid(
      'version',
      `XRD ${input.name} has no version ${input.version}`,
      `it has ${xrd.spec.versions.map(({ name }) => name).join(', ')}`,
    );
  const claims = claimsOf(xrd);
  const [xrs, claimCount, compositions, warnings] = await Promise.all([
    countOf(call, compositesOf(xrd)),
    claims && countOf(call, claims),
    compositionsOf(call, xrd),
    idleControllers(call, xrd),
  ]);
  const lines = schemaFields(version.schema?.openAPIV3Schema);
  return {
    summary: `XRD ${input.name}: ${stateOf(xrd)}`,
    object: {
      group: xrd.spec.group,
      kind: xrd.spec.names.kind,
      plural: xrd.spec.names.plural,
      ...(xrd.spec.claimNames ? { claim: xrd.spec.claimNames.kind } : {}),
      scope: scopeOf(xrd),
      versions: xrd.spec.versions.map(versionText),
      conditions: (xrd.status?.conditions ?? []).map(
        ({ type, status, reason }) => `${type}=${status} (${reason})`,
      ),
      xrs: xrs ?? 'may not be listed',
      ...(claims ? { claims: claimCount ?? 'may not be listed' } : {}),
      ...defaultsOf(xrd),
      compositions: compositions?.slice(0, maxCompositions) ?? 'may not be listed',
      resource_version: xrd.metadata.resourceVersion,
      [`fields of ${version.name}`]: lines.slice(0, maxFields),
      ...(lines.length > maxFields ? { more_fields: lines.length - maxFields } : {}),
    },
    warnings,
    next: [`get_xrd name=${input.name} detail=full`, `list_composite_resources kind=${xrd.spec.names.kind}`],
  };
}

/** `v1*` is the referenceable one. */
function versionText({ name, served, referenceable, deprecated }: Xrd['spec']['versions'][number]): string {
  return `${name}${referenceable ? '*' : ''}${served ? '' : ' not served'}${deprecated ? ' deprecated' : ''}`;
}

/** `ok`, or the first thing that is not. */
export function stateOf(xrd: Xrd): string {
  if (xrd.metadata.deletionTimestamp !== undefined) return 'terminating';
  const wanted = xrd.spec.claimNames ? ['Established', 'Offered'] : ['Established'];
  for (const type of wanted) {
    const condition = conditionOf(xrd, type);
    if (condition?.status !== 'True') return `not ${type}${condition?.reason ? `: ${condition.reason}` : ''}`;
  }
  return 'ok';
}

function defaultsOf({ spec }: Xrd): Record<string, string> {
  const { defaultCompositionRef, enforcedCompositionRef } = spec;
  return {
    ...(defaultCompositionRef ? { default_composition: defaultCompositionRef.name } : {}),
    ...(enforcedCompositionRef ? { enforced_composition: enforcedCompositionRef.name } : {}),
  };
}

/** Names of those for the XRD's kind; undefined where compositions may not be listed. */
async function compositionsOf(call: ToolCall, { spec }: Xrd): Promise<string[] | undefined> {
  try {
    const resource = await call.kinds.find('Composition');
    const { items } = await call.api.list<CompositionOfType>(resource);
    return items
      .filter(
        ({ spec: { compositeTypeRef: type } }) =>
          type.kind === spec.names.kind && type.apiVersion.startsWith(`${spec.group}/`),
      )
      .map(({ metadata }) => metadata.name);
  } catch (error) {
    if (error instanceof ToolError && error.code === 'forbidden') return undefined;
    throw error;
  }
}
