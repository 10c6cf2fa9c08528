import { z } from 'zod';
import {
  type PackageObject,
  packageResources,
  type PackageRevision,
  parentLabel,
} from '../packages/package-kinds.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import type { PipelineStep } from './operation-objects.ts';

/** What a function has to say of itself to be run by an operation. */
const capability = 'operation';

export const pipelineShape = z
  .array(
    z.strictObject({
      step: z.string(),
      function: z.string(),
      input: z.looseObject({ apiVersion: z.string(), kind: z.string() }).optional(),
    }),
  )
  .min(1)
  .max(99);

type Pipeline = z.infer<typeof pipelineShape>;

export function stepsFrom(pipeline: Pipeline): PipelineStep[] {
  return pipeline.map(({ function: name, input, step }) => ({
    step,
    functionRef: { name },
    ...(input ? { input } : {}),
  }));
}

/** Throws `invalid` for what Crossplane would find out only while it runs, one failure after the other. */
export async function checkPipeline(call: ToolCall, pipeline: Pipeline): Promise<void> {
  const names = pipeline.map(({ step }) => step);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw new ToolError('invalid', `two steps are called ${twice}`, { details: { field: 'pipeline' } });
  const { packages, revisions } = await packageResources(call.kinds, 'Function');
  const [{ items: functions }, { items: active }] = await Promise.all([
    call.api.list<PackageObject>(packages),
    call.api.list<PackageRevision>(revisions),
  ]);
  for (const name of new Set(pipeline.map((step) => step.function))) {
    const found = functions.find(({ metadata }) => metadata.name === name);
    if (!found) {
      const others = functions.map(({ metadata }) => metadata.name);
      throw new ToolError('invalid', `there is no function ${name}`, {
        hint: others.length > 0 ? `there is: ${others.slice(0, 10).join(', ')}` : 'no function is installed',
        details: { field: 'pipeline' },
      });
    }
    const revision = active.find(
      ({ metadata, spec }) => metadata.labels?.[parentLabel] === name && spec.desiredState === 'Active',
    );
    const declared = revision?.status?.capabilities ?? [];
    if (!declared.includes(capability))
      throw new ToolError('invalid', `function ${name} does not declare the capability ${capability}`, {
        hint: `choose a function made for operations, or wait until it is installed: get_function name=${name}`,
        details: { field: 'pipeline', declared },
      });
  }
}
