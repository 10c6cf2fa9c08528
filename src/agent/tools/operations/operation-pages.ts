import { decodeCursor, encodeCursor } from '../../answers/cursor.ts';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { eventsOf } from '../events-of.ts';
import { readObject } from '../read-object.ts';
import type { ToolCall } from '../tool.ts';
import { CronSchedule } from './cron-schedule.ts';
import { conditionTexts, isSilent } from './operation-creation.ts';
import {
  cronLabel,
  failuresText,
  type OperationKind,
  operationKinds,
  type OperationObject,
  stateOf,
  watchLabel,
} from './operation-objects.ts';
import { defaultLimit } from '../list-page.ts';

export interface OperationListInput {
  kind?: OperationKind | undefined;
  limit?: number | undefined;
  cursor?: string | undefined;
}

interface Continued {
  kind: OperationKind;
  continueToken?: string;
}

/** All kinds in one list; a cursor says which kind it goes on with. */
export async function listOperations(call: ToolCall, input: OperationListInput): Promise<ToolAnswer> {
  const limit = input.limit ?? defaultLimit;
  const at = decodeCursor('list_operations', input, input.cursor) as Continued | undefined;
  const kinds = (input.kind ? [input.kind] : operationKinds).slice();
  const first = at ? Math.max(0, kinds.indexOf(at.kind)) : 0;
  const items: Record<string, unknown>[] = [];
  let next: Continued | undefined;
  let continueToken = at?.continueToken;
  // Operation first: where not even that is served, the error says why.
  if (!input.kind) await call.kinds.find('Operation');
  for (const kind of kinds.slice(first)) {
    if (items.length >= limit) {
      next = { kind };
      break;
    }
    const resource = await call.kinds.find(kind);
    const page = await call.api.list<OperationObject>(resource, {
      limit: limit - items.length,
      continueToken,
    });
    items.push(...page.items.map((found) => rowOf(kind, found)));
    continueToken = undefined;
    if (page.continueToken) {
      next = { kind, continueToken: page.continueToken };
      break;
    }
  }
  const silent = items.filter(({ state }) => state === 'NotStarted').length;
  return {
    summary: `${items.length} operation${items.length === 1 ? '' : 's'}`,
    items,
    ...(next ? { nextCursor: encodeCursor('list_operations', input, next) } : {}),
    warnings:
      silent > 0 && silent === items.length
        ? ['none has any condition: Crossplane seems to run without --enable-operations']
        : [],
  };
}

function rowOf(kind: OperationKind, found: OperationObject): Record<string, unknown> {
  const { metadata, spec, status } = found;
  const { watch } = spec;
  const parent = metadata.labels?.[cronLabel] ?? metadata.labels?.[watchLabel];
  return {
    kind,
    name: metadata.name,
    state: stateOf(kind, found),
    by: spec.schedule ?? (watch ? `${watch.kind}.${watch.apiVersion}` : (parent ?? '')),
    failures: kind === 'Operation' ? failuresText(found) : '',
    last: status?.lastScheduleTime ?? '',
    created: metadata.creationTimestamp ?? '',
  };
}

const shownEvents = 8;
const shownRuns = 3;

export async function showOperation(call: ToolCall, kind: OperationKind, name: string): Promise<ToolAnswer> {
  const resource = await call.kinds.find(kind);
  const found = await readObject<OperationObject>(call, resource, { name });
  const { metadata, spec, status } = found;
  const state = stateOf(kind, found);
  const events = await eventsOf(call, metadata, shownEvents);
  const conditions = conditionTexts(found);
  const steps = spec.pipeline ?? spec.operationTemplate?.spec.pipeline ?? [];
  const outputs = status?.pipeline ?? [];
  return {
    summary: `${kind} ${name}: ${state}`,
    object: {
      name,
      state,
      ...(kind === 'Operation' ? { failures: failuresText(found) } : {}),
      ...(spec.schedule ? { schedule: spec.schedule, next_runs: nextRuns(spec.schedule) } : {}),
      ...(spec.concurrencyPolicy ? { concurrency: spec.concurrencyPolicy } : {}),
      ...(spec.watch ? { watches: spec.watch } : {}),
      ...(status?.lastScheduleTime ? { last_run: status.lastScheduleTime } : {}),
      ...(status?.lastSuccessfulTime ? { last_success: status.lastSuccessfulTime } : {}),
      ...(status?.runningOperationRefs
        ? { running: status.runningOperationRefs.map(({ name: running }) => running) }
        : {}),
      ...(conditions.length > 0 ? { conditions } : {}),
      steps: steps.map(({ functionRef, step }) => ({
        step,
        function: functionRef.name,
        output: outputs.find((one) => one.step === step)?.output,
      })),
      ...(status?.appliedResourceRefs
        ? {
            applied: status.appliedResourceRefs.map(
              ({ kind: applied, name: its, namespace }) =>
                `${applied} ${namespace ? `${namespace}/` : ''}${its}`,
            ),
          }
        : {}),
      ...(events === undefined ? { events: 'may not be read by this server' } : { events }),
    },
    warnings: isSilent(found)
      ? ['it has no condition: either it is a moment old, or Crossplane runs without --enable-operations']
      : [],
  };
}

/** What a schedule with fields that are not known here comes to is left to Crossplane. */
export function nextRuns(schedule: string): string[] {
  try {
    return new CronSchedule(schedule).next(new Date(), shownRuns).map((time) => time.toISOString());
  } catch {
    return [];
  }
}
