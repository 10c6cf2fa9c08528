import { z } from 'zod';
import { cursor, defaultWaitSeconds, dryRun, limit, name, namespace, waitSeconds } from '../parameters.ts';
import { defineTool, type ToolDefinition } from '../tool.ts';
import { cancelOperation } from './cancellation.ts';
import { CronSchedule } from './cron-schedule.ts';
import { conditionTexts, createOperation, followOperation, isOver, isSilent } from './operation-creation.ts';
import { failuresText, operationKinds, refuseIfOff, stateOf } from './operation-objects.ts';
import { listOperations, nextRuns, showOperation } from './operation-pages.ts';
import { pauseResource } from './pause.ts';
import { checkPipeline, pipelineShape, stepsFrom } from './pipeline.ts';

const retryLimit = z.int().min(0).max(1000).optional();
const historyLimit = z.int().min(0).max(1000).optional();

const createOnce = defineTool({
  name: 'create_operation',
  title: 'Create operation',
  description: 'Run a pipeline of operation functions once; it may change anything.',
  toolset: 'operation',
  effect: 'destructive',
  input: z.strictObject({
    name,
    pipeline: pipelineShape,
    retry_limit: retryLimit,
    wait_seconds: waitSeconds,
    dry_run: dryRun,
  }),
  run: async (call, input) => {
    const resource = await call.kinds.find('Operation');
    await refuseIfOff(call);
    await checkPipeline(call, input.pipeline);
    const steps = stepsFrom(input.pipeline);
    const wanted = {
      kind: 'Operation' as const,
      name: input.name,
      steps,
      spec: {
        mode: 'Pipeline',
        pipeline: steps,
        ...(input.retry_limit === undefined ? {} : { retryLimit: input.retry_limit }),
      },
      dryRun: input.dry_run ?? false,
      waitSeconds: input.wait_seconds ?? defaultWaitSeconds,
    };
    const { answer } = await createOperation(call, resource, wanted);
    if (answer) return answer;
    const seen = await followOperation(call, resource, wanted, isOver);
    const state = stateOf('Operation', seen);
    return {
      summary: `created Operation ${input.name}: ${state}`,
      object: { name: input.name, state, failures: failuresText(seen), conditions: conditionTexts(seen) },
      next: [`get_operation_status name=${input.name}`],
    };
  },
});

const createCron = defineTool({
  name: 'create_cron_operation',
  title: 'Create cron operation',
  description: 'Run a pipeline of operation functions on a schedule (five fields, UTC).',
  toolset: 'operation',
  effect: 'destructive',
  input: z.strictObject({
    name,
    schedule: z.string(),
    pipeline: pipelineShape,
    concurrency_policy: z.enum(['Allow', 'Forbid', 'Replace']).optional(),
    successful_history_limit: historyLimit,
    failed_history_limit: historyLimit,
    retry_limit: retryLimit,
    dry_run: dryRun,
  }),
  run: async (call, input) => {
    const schedule = new CronSchedule(input.schedule);
    const resource = await call.kinds.find('CronOperation');
    await refuseIfOff(call);
    await checkPipeline(call, input.pipeline);
    const steps = stepsFrom(input.pipeline);
    const {
      concurrency_policy: concurrency,
      failed_history_limit: failed,
      successful_history_limit: good,
    } = input;
    const wanted = {
      kind: 'CronOperation' as const,
      name: input.name,
      steps,
      spec: {
        schedule: input.schedule,
        ...(concurrency === undefined ? {} : { concurrencyPolicy: concurrency }),
        ...(good === undefined ? {} : { successfulHistoryLimit: good }),
        ...(failed === undefined ? {} : { failedHistoryLimit: failed }),
        operationTemplate: {
          spec: {
            mode: 'Pipeline',
            pipeline: steps,
            ...(input.retry_limit === undefined ? {} : { retryLimit: input.retry_limit }),
          },
        },
      },
      dryRun: input.dry_run ?? false,
      waitSeconds: defaultWaitSeconds,
    };
    const runs = nextRuns(input.schedule);
    const never =
      schedule.next(new Date(), 1).length === 0
        ? ['this schedule never comes: no such day is in the calendar']
        : [];
    const { answer } = await createOperation(call, resource, wanted);
    if (answer) return { ...answer, object: { ...answer.object, next_runs: runs }, warnings: never };
    const seen = await followOperation(call, resource, wanted, (found) => !isSilent(found));
    return {
      summary: `created CronOperation ${input.name}: ${stateOf('CronOperation', seen)}`,
      object: { name: input.name, next_runs: runs, conditions: conditionTexts(seen) },
      warnings: never,
      next: [
        `pause_resource api_version=${resource.group}/${resource.version} kind=CronOperation name=${input.name} paused=true`,
      ],
    };
  },
});

const list = defineTool({
  name: 'list_operations',
  title: 'List operations',
  description: 'Operations, cron and watch operations, with their state.',
  toolset: 'operation',
  effect: 'read',
  input: z.strictObject({ kind: z.enum(operationKinds).optional(), limit, cursor }),
  run: listOperations,
});

const getStatus = defineTool({
  name: 'get_operation_status',
  title: 'Get operation status',
  description: 'How an operation went: failures, step outputs, what it applied, events.',
  toolset: 'operation',
  effect: 'read',
  input: z.strictObject({ name, kind: z.enum(operationKinds).optional() }),
  run: (call, input) => showOperation(call, input.kind ?? 'Operation', input.name),
});

const cancel = defineTool({
  name: 'cancel_operation',
  title: 'Cancel operation',
  description: 'Delete an operation so that it is not tried again; what it applied stays.',
  toolset: 'operation',
  effect: 'destructive',
  input: z.strictObject({ name, kind: z.enum(operationKinds).optional() }),
  run: (call, input) => cancelOperation(call, input.kind ?? 'Operation', input.name),
});

const pause = defineTool({
  name: 'pause_resource',
  title: 'Pause or resume resource',
  description: 'Make Crossplane leave an object alone, deletion included, or take it up again.',
  toolset: 'operation',
  effect: 'destructive',
  input: z.strictObject({
    api_version: z.string(),
    kind: z.string(),
    name,
    namespace: namespace.optional(),
    paused: z.boolean(),
    dry_run: dryRun,
  }),
  run: pauseResource,
});

export const operationTools: readonly ToolDefinition[] = [
  createOnce,
  createCron,
  list,
  getStatus,
  cancel,
  pause,
];
