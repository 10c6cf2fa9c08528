import type { Condition, KubeObject } from '../../../apimachinery/objects.ts';
import { conditionOf, conditionText } from '../conditions.ts';
import { nearestNames } from '../nearest-names.ts';
import { readIfThere } from '../read-object.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';
import { invalid } from '../write-object.ts';
import type { Xrd } from '../xrd/xrd-objects.ts';
import type { Composition, CompositionSpec, PipelineStep } from './composition-objects.ts';

interface CrossplaneFunction extends KubeObject {
  status?: { conditions?: Condition[] };
}

/**
 * What the API server takes and Crossplane cannot compose with: a type that no XRD defines, the same step twice, functions that
 * are not installed. Returns what is worth a warning. Throws ToolError `invalid` with the field.
 */
export async function checkComposition(call: ToolCall, { spec }: Composition): Promise<string[]> {
  const type = spec?.compositeTypeRef;
  if (typeof type?.apiVersion !== 'string' || typeof type.kind !== 'string')
    throw invalid('spec.compositeTypeRef', 'a composition needs compositeTypeRef with apiVersion and kind');
  await checkMode(call, spec);
  checkSteps(spec.pipeline ?? []);
  const [typeWarnings, functionWarnings] = await Promise.all([
    checkType(call, type),
    checkFunctions(call, spec.pipeline ?? []),
  ]);
  return [...typeWarnings, ...functionWarnings];
}

async function checkMode({ kinds }: ToolCall, { mode, pipeline, resources }: CompositionSpec): Promise<void> {
  const isCrossplane2 = (await kinds.findVersion('CompositeResourceDefinition', 'v2')) !== undefined;
  if (isCrossplane2 && (mode === 'Resources' || resources !== undefined))
    throw invalid(
      'spec.mode',
      'Crossplane 2 composes by pipelines only',
      'use mode Pipeline with function-patch-and-transform',
    );
  if (mode === 'Pipeline' && (!Array.isArray(pipeline) || pipeline.length === 0))
    throw invalid('spec.pipeline', 'mode Pipeline needs at least one step');
  // Crossplane 1 takes Resources where nothing is said, and composes nothing from a pipeline then.
  if (mode === undefined && pipeline !== undefined && !isCrossplane2)
    throw invalid('spec.mode', 'a pipeline needs mode: Pipeline');
}

function checkSteps(pipeline: readonly PipelineStep[]): void {
  const seen = new Set<string>();
  for (const [at, { step, functionRef }] of pipeline.entries()) {
    if (typeof step !== 'string' || step === '')
      throw invalid(`spec.pipeline[${at}].step`, 'each step needs a name');
    if (seen.has(step)) throw invalid(`spec.pipeline[${at}].step`, `two steps are called ${step}`);
    seen.add(step);
    if (typeof functionRef?.name !== 'string')
      throw invalid(`spec.pipeline[${at}].functionRef.name`, `step ${step} names no function`);
  }
}

async function checkType(
  { api, kinds }: ToolCall,
  { apiVersion, kind }: CompositionSpec['compositeTypeRef'],
): Promise<string[]> {
  const [group = '', version] = apiVersion.split('/');
  const xrds = await api.list<Xrd>(await kinds.find('CompositeResourceDefinition')).catch(unlessForbidden);
  if (!xrds) return ['it was not looked whether an XRD defines its type: this account may not list XRDs'];
  const inGroup = xrds.items.filter(({ spec }) => spec.group === group);
  const xrd = inGroup.find(({ spec }) => spec.names.kind === kind);
  const field = 'spec.compositeTypeRef';
  if (!xrd) {
    const claimed = inGroup.find(({ spec }) => spec.claimNames?.kind === kind);
    if (claimed) throw invalid(field, `${kind} is a claim`, `compose its XR: ${claimed.spec.names.kind}`);
    const all = xrds.items.map(({ spec }) => `${spec.names.kind} in ${spec.group}`);
    const near = nearestNames(`${kind} in ${group}`, all);
    throw invalid(
      field,
      `no XRD defines ${kind} in ${group}`,
      near.length > 0 ? `there is ${near.join(', ')}` : 'create_xrd comes first',
    );
  }
  const known = xrd.spec.versions.find(({ name }) => name === version);
  const versions = xrd.spec.versions.filter(({ served }) => served).map(({ name }) => name);
  if (!known?.served)
    throw invalid(field, `${kind} is not served in ${version}`, `it is in ${versions.join(', ')}`);
  // Crossplane looks for compositions of the referenceable version only.
  if (!known.referenceable)
    throw invalid(
      field,
      `${version} is not the referenceable version of ${kind}`,
      `use ${xrd.spec.versions.find(({ referenceable }) => referenceable)?.name}`,
    );
  return [];
}

async function checkFunctions(call: ToolCall, pipeline: readonly PipelineStep[]): Promise<string[]> {
  if (pipeline.length === 0) return [];
  const resource = await call.kinds.find('Function');
  const names = [...new Set(pipeline.map(({ functionRef }) => functionRef?.name ?? ''))];
  try {
    const warnings = await Promise.all(
      names.map(async (name) => {
        const installed = await readIfThere<CrossplaneFunction>(call, resource, { name });
        if (!installed) return `function ${name} is not installed: nothing is composed until it is`;
        const healthy = conditionOf(installed, 'Healthy');
        return healthy?.status === 'True' ? [] : `function ${name} is not healthy: ${conditionText(healthy)}`;
      }),
    );
    return warnings.flat();
  } catch (error) {
    if (error instanceof ToolError && error.code === 'forbidden')
      return ['it was not looked whether its functions are installed: this account may not read them'];
    throw error;
  }
}

function unlessForbidden(error: unknown): undefined {
  if (error instanceof ToolError && error.code === 'forbidden') return undefined;
  throw error;
}
