import type { Condition, KubeObject } from '../../../apimachinery/objects.ts';
import { coreDeployments } from '../core-deployment.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';

export const operationKinds = ['Operation', 'CronOperation', 'WatchOperation'] as const;
export type OperationKind = (typeof operationKinds)[number];

export interface PipelineStep {
  step: string;
  functionRef: { name: string };
  input?: Record<string, unknown>;
}

interface ObjectRef {
  apiVersion: string;
  kind: string;
  namespace?: string;
  name: string;
}

/** The three kinds as one: which fields there are depends on the kind. */
export interface OperationObject extends KubeObject {
  spec: {
    pipeline?: PipelineStep[];
    retryLimit?: number;
    schedule?: string;
    concurrencyPolicy?: string;
    watch?: { apiVersion: string; kind: string; namespace?: string; matchLabels?: Record<string, string> };
    operationTemplate?: { spec: { pipeline: PipelineStep[]; retryLimit?: number } };
  };
  status?: {
    conditions?: Condition[];
    failures?: number;
    pipeline?: { step: string; output?: unknown }[];
    appliedResourceRefs?: ObjectRef[];
    lastScheduleTime?: string;
    lastSuccessfulTime?: string;
    runningOperationRefs?: { name: string }[];
    watchingResources?: number;
  };
}

/** On the operations that a schedule or a watch has made. */
export const cronLabel = 'ops.crossplane.io/cronoperation';
export const watchLabel = 'ops.crossplane.io/watchoperation';
export const pausedAnnotation = 'crossplane.io/paused';
const defaultRetryLimit = 5;

export function stateOf(kind: OperationKind, { metadata, status }: OperationObject): string {
  if (metadata.deletionTimestamp) return 'Deleting';
  if (metadata.annotations?.[pausedAnnotation] === 'true') return 'Paused';
  const conditions = status?.conditions ?? [];
  if (conditions.length === 0) return 'NotStarted';
  const of = (type: string): string | undefined => conditions.find((one) => one.type === type)?.status;
  if (kind === 'CronOperation') return of('Scheduling') === 'True' ? 'Scheduled' : 'NotScheduled';
  if (kind === 'WatchOperation') return of('Watching') === 'True' ? 'Watching' : 'NotWatching';
  const succeeded = of('Succeeded');
  if (succeeded === 'True') return 'Succeeded';
  return succeeded === 'False' ? 'Failed' : 'Running';
}

export function failuresText({ spec, status }: OperationObject): string {
  return `${status?.failures ?? 0} of ${spec.retryLimit ?? defaultRetryLimit}`;
}

const enable = 'start Crossplane with --enable-operations (chart value args), then try again';

export function operationsAreOff(why: string, details: Record<string, unknown>, next: string): ToolError {
  return new ToolError('feature_off', `operations are not enabled on this control plane: ${why}`, {
    hint: next === '' ? enable : `${enable}; ${next}`,
    details,
  });
}

/**
 * Throws `feature_off` where Crossplane's Deployment can be read and is started without operations. Their CRDs are there all the
 * same, and an operation would wait for ever; where the Deployment cannot be read, that silence is what tells.
 */
export async function refuseIfOff(call: ToolCall): Promise<void> {
  const cores = (await coreDeployments(call))
    .flatMap(({ spec }) => spec.template.spec.containers)
    .filter(({ args = [] }) => args.includes('core'));
  if (cores.length === 0) return;
  const isOn = cores.some(({ args = [] }) => args.some((arg) => /^--enable-operations(=true)?$/.test(arg)));
  if (!isOn)
    throw operationsAreOff(
      'its Deployment does not name --enable-operations',
      { outcome: 'nothing was created' },
      '',
    );
}
