import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { mapBounded } from '../bounded.ts';
import { changeLines, fieldChanges } from '../field-changes.ts';
import { counted, type ListInput, listPage, rowsOf } from '../list-page.ts';
import { manifestAsked, readObject } from '../read-object.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { invalid } from '../write-object.ts';
import {
  choiceOf,
  type Composite,
  type Composition,
  compositionHashLabel,
  compositionNameLabel,
  type CompositionRevision,
  compositeTypeOf,
  stepLines,
  typeText,
  usersOf,
} from './composition-objects.ts';

/** Digits of a revision's hash that tell it from the others. */
const hashLength = 7;
const maxSteps = 30;

export async function listCompositions(
  call: ToolCall,
  input: ListInput & { composite_kind?: string | undefined },
): Promise<ToolAnswer> {
  const resource = await call.kinds.find('Composition');
  const { items, total, nextCursor } = await listPage<Composition>(
    call,
    'list_compositions',
    resource,
    input,
  );
  const { composite_kind } = input;
  const matching = items.filter(
    ({ spec }) => !composite_kind || spec.compositeTypeRef.kind === composite_kind,
  );
  const wantsUsers = !input.fields || input.fields.length === 0;
  const users = wantsUsers ? await mapBounded(matching, (one) => usersOf(call, one)) : [];
  return {
    summary: composite_kind
      ? `${counted(matching.length, undefined, 'composition')} for ${composite_kind}${nextCursor ? ' on this page' : ''}`
      : counted(items.length, total, 'composition'),
    items: rowsOf(input, matching, (one) => ({
      name: one.metadata.name,
      type: typeText(one.spec),
      mode: one.spec.mode ?? 'Resources',
      steps: stepLines(one.spec).length,
      xrs: userCount(users[matching.indexOf(one)]),
    })),
    ...(total === undefined || composite_kind ? {} : { total }),
    ...(nextCursor === undefined ? {} : { nextCursor }),
  };
}

function userCount(users: { xrs: unknown[]; atLeast?: true } | undefined): string | number {
  if (!users) return '?';
  return users.atLeast ? `${users.xrs.length}+` : users.xrs.length;
}

export interface GetCompositionInput {
  name: string;
  detail?: 'summary' | 'full' | undefined;
  fields?: readonly string[] | undefined;
}

export async function getComposition(call: ToolCall, input: GetCompositionInput): Promise<ToolAnswer> {
  const { name } = input;
  const found = await readObject<Composition>(call, await call.kinds.find('Composition'), { name });
  const asked = manifestAsked(input, found);
  if (asked.manifest) return { summary: `composition ${name}`, ...asked };
  const [users, revisions] = await Promise.all([usersOf(call, found), revisionsOf(call, name)]);
  const steps = stepLines(found.spec);
  const { automatic, manual } = byPolicy(users?.xrs ?? []);
  return {
    summary: `composition ${name} for ${typeText(found.spec)}`,
    object: {
      mode: found.spec.mode ?? 'Resources',
      steps: steps.slice(0, maxSteps),
      ...(steps.length > maxSteps ? { more_steps: steps.length - maxSteps } : {}),
      xrs: users ? { automatic: automatic.length, manual: manual.length } : 'may not be listed',
      revisions: revisions?.map(({ spec }) => spec.revision) ?? 'may not be listed',
      labels: found.metadata.labels,
      resource_version: found.metadata.resourceVersion,
    },
    next: [
      `get_composition name=${name} fields=["spec.pipeline[0].input"]`,
      `list_composition_revisions composition=${name}`,
    ],
  };
}

/** XRs follow a change of their composition at once, unless they say Manual. */
export function byPolicy(xrs: readonly Composite[]): { automatic: Composite[]; manual: Composite[] } {
  return { automatic: xrs.filter((xr) => !isManual(xr)), manual: xrs.filter(isManual) };
}

function isManual(xr: Composite): boolean {
  return choiceOf(xr).compositionUpdatePolicy === 'Manual';
}

/** Newest first; undefined where they may not be listed. */
async function revisionsOf(call: ToolCall, composition: string): Promise<CompositionRevision[] | undefined> {
  try {
    const { items } = await call.api.list<CompositionRevision>(await call.kinds.find('CompositionRevision'), {
      labelSelector: `${compositionNameLabel}=${composition}`,
    });
    return items.toSorted((a, b) => b.spec.revision - a.spec.revision);
  } catch (error) {
    if (error instanceof ToolError && error.code === 'forbidden') return undefined;
    throw error;
  }
}

export interface ListRevisionsInput {
  composition: string;
  limit?: number | undefined;
  /** Two numbers of revisions: what lies between them. */
  diff?: readonly number[] | undefined;
}

export async function listCompositionRevisions(
  call: ToolCall,
  input: ListRevisionsInput,
): Promise<ToolAnswer> {
  const { composition: name, diff } = input;
  const revisions = (await revisionsOf(call, name)) ?? [];
  if (revisions.length === 0) {
    const found = await readObject<Composition>(call, await call.kinds.find('Composition'), { name });
    return {
      summary: `composition ${found.metadata.name} has no revision yet: Crossplane makes the first at once`,
    };
  }
  if (diff) return diffOf(name, revisions, diff);
  const pinned = await pinnedTo(call, revisions);
  const shown = revisions.slice(0, input.limit ?? 50);
  return {
    summary: `${counted(shown.length, revisions.length, 'revision')} of the composition ${name}`,
    items: shown.map((revision) => ({
      revision: revision.spec.revision,
      name: revision.metadata.name,
      created: revision.metadata.creationTimestamp,
      hash: revision.metadata.labels?.[compositionHashLabel]?.slice(0, hashLength),
      xrs: pinned?.get(revision.metadata.name) ?? (pinned ? 0 : '?'),
    })),
    total: revisions.length,
    next:
      revisions.length > 1
        ? [
            `list_composition_revisions composition=${name} diff=[${revisions[1]?.spec.revision},${revisions[0]?.spec.revision}]`,
          ]
        : [],
  };
}

function diffOf(
  name: string,
  revisions: readonly CompositionRevision[],
  diff: readonly number[],
): ToolAnswer {
  const [from, to] = diff.map((number) => {
    const found = revisions.find(({ spec }) => spec.revision === number);
    if (found) return found.spec;
    const there = revisions.map(({ spec }) => spec.revision).join(', ');
    throw invalid('diff', `composition ${name} has no revision ${number}`, `it has ${there}`);
  });
  const changes = fieldChanges({ spec: { ...from, revision: 0 } }, { spec: { ...to, revision: 0 } });
  return {
    summary: `${counted(changes.length, undefined, 'field')} differ between revisions ${diff.join(' and ')} of ${name}`,
    object: {
      changes: changeLines(changes, 60),
    },
  };
}

/** How many XRs use each revision; undefined where XRs may not be listed. */
async function pinnedTo(
  call: ToolCall,
  revisions: readonly CompositionRevision[],
): Promise<Map<string, number> | undefined> {
  const resource = revisions[0] && (await compositeTypeOf(call, revisions[0].spec));
  if (!resource) return new Map();
  try {
    const counts = new Map<string, number>();
    const { items } = await call.api.list<Composite>(resource);
    for (const xr of items) {
      const revision = choiceOf(xr).compositionRevisionRef?.name;
      if (revision !== undefined) counts.set(revision, (counts.get(revision) ?? 0) + 1);
    }
    return counts;
  } catch (error) {
    if (error instanceof ToolError && (error.code === 'forbidden' || error.code === 'not_found'))
      return undefined;
    throw error;
  }
}
