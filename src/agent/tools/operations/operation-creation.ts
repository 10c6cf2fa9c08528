import type { Resource } from '../../cluster/cluster-api.ts';
import type { ToolAnswer } from '../../answers/tool-answer.ts';
import { conditionOf, conditionText } from '../conditions.ts';
import { poll } from '../polling.ts';
import type { ToolCall } from '../tool.ts';
import {
  type OperationKind,
  type OperationObject,
  operationsAreOff,
  type PipelineStep,
  stateOf,
} from './operation-objects.ts';

/** Crossplane marks an operation at once; one without a condition after this is looked at by nobody. Seconds. */
const silence = 10;

export interface NewOperation {
  kind: OperationKind;
  name: string;
  steps: readonly PipelineStep[];
  spec: Record<string, unknown>;
  dryRun: boolean;
  waitSeconds: number;
}

/**
 * Creates an operation of either kind, after it was confirmed: its functions may apply anything that Crossplane itself may, with
 * force. Throws `feature_off` where no controller has looked at it.
 */
export async function createOperation(
  call: ToolCall,
  resource: Resource,
  wanted: NewOperation,
): Promise<{ created: OperationObject; answer: ToolAnswer | undefined }> {
  const { dryRun, kind, name, spec, steps } = wanted;
  const body = { apiVersion: `${resource.group}/${resource.version}`, kind, metadata: { name }, spec };
  // Before anybody is asked: what the API server refuses needs no confirmation.
  const checked = await call.api.create<OperationObject>(resource, {}, body, { dryRun: true });
  if (dryRun)
    return {
      created: checked,
      answer: { summary: `${kind} ${name} would be created`, object: { name, steps: stepTexts(steps) } },
    };
  await call.confirm({
    summary: `${kind === 'Operation' ? 'runs' : 'schedules'} functions that may change anything Crossplane may: ${kind} ${name}`,
    effects: stepTexts(steps),
    objects: [],
  });
  return { created: await call.api.create<OperationObject>(resource, {}, body), answer: undefined };
}

/** Until `isDone`; throws `feature_off` where nothing at all has happened to it. */
export async function followOperation(
  call: ToolCall,
  resource: Resource,
  { kind, name, waitSeconds }: Pick<NewOperation, 'kind' | 'name' | 'waitSeconds'>,
  isDone: (seen: OperationObject) => boolean,
): Promise<OperationObject> {
  const started = Date.now();
  let told = '';
  const seen = await poll(
    call,
    waitSeconds,
    `${kind} ${name} was created`,
    async () => {
      const found = await call.api.get<OperationObject>(resource, { name });
      const now = `${kind} ${name}: ${stateOf(kind, found)}`;
      if (now !== told) call.progress(now);
      told = now;
      return found;
    },
    (found) => isDone(found) || (isSilent(found) && Date.now() - started > silence * 1000),
  );
  if (isSilent(seen) && waitSeconds >= silence)
    throw operationsAreOff(
      `${kind} ${name} was created and nothing has looked at it for ${silence} s`,
      { outcome: 'created', name },
      `cancel_operation kind=${kind} name=${name} takes it away`,
    );
  return seen;
}

export function isSilent({ status }: OperationObject): boolean {
  return (status?.conditions ?? []).length === 0;
}

export function isOver(found: OperationObject): boolean {
  const succeeded = conditionOf(found, 'Succeeded')?.status;
  return succeeded === 'True' || succeeded === 'False';
}

/** What the conditions say that are not as hoped for, in full. */
export function conditionTexts({ status }: OperationObject): string[] {
  return (status?.conditions ?? [])
    .filter((condition) => condition.status !== 'True')
    .map((condition) => `${condition.type} ${conditionText(condition)}`);
}

function stepTexts(steps: readonly PipelineStep[]): string[] {
  return steps.map(({ functionRef, input, step }) => {
    const kind = typeof input?.['kind'] === 'string' ? ` with a ${input['kind']}` : '';
    return `${step}: function ${functionRef.name}${kind}`;
  });
}
