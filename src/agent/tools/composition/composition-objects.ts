import type { KubeObject } from '../../../apimachinery/objects.ts';
import type { Resource } from '../../cluster/cluster-api.ts';
import { ToolError } from '../tool-error.ts';
import type { ToolCall } from '../tool.ts';

export interface PipelineStep {
  step: string;
  functionRef?: { name: string };
  input?: { apiVersion?: string; kind?: string; [key: string]: unknown };
  credentials?: object[];
}

export interface CompositionSpec {
  compositeTypeRef: { apiVersion: string; kind: string };
  /** Crossplane 1 has Resources, too, and defaults to it. */
  mode?: 'Pipeline' | 'Resources';
  pipeline?: PipelineStep[];
  resources?: { name?: string; base?: { kind?: string; apiVersion?: string } }[];
  writeConnectionSecretsToNamespace?: string;
}

export interface Composition extends KubeObject {
  spec: CompositionSpec;
}

export interface CompositionRevision extends KubeObject {
  spec: CompositionSpec & { revision: number };
}

/** A composite resource, as far as its composition goes. */
export interface Composite extends KubeObject {
  spec?: CompositionChoice & {
    crossplane?: CompositionChoice;
    claimRef?: { name: string; namespace: string };
  };
}

interface CompositionChoice {
  compositionRef?: { name: string };
  compositionRevisionRef?: { name: string };
  compositionUpdatePolicy?: 'Automatic' | 'Manual';
}

export const compositionNameLabel = 'crossplane.io/composition-name';
export const compositionHashLabel = 'crossplane.io/composition-hash';

/** Of the old kind it stands in `spec`, of the kinds of Crossplane 2 in `spec.crossplane`. */
export function choiceOf({ spec }: Composite): CompositionChoice {
  return spec?.crossplane ?? spec ?? {};
}

export function stepLines({ mode, pipeline, resources }: CompositionSpec): string[] {
  if (mode === 'Pipeline' || pipeline)
    return (pipeline ?? []).map(({ step, functionRef, input }) => {
      const kind = input?.kind === undefined ? '' : ` with ${input.kind}`;
      return `${step}: ${functionRef?.name ?? '?'}${kind}`;
    });
  return (resources ?? []).map(({ name, base }, at) => `${name ?? at}: ${base?.kind ?? '?'}`);
}

export function typeText({ compositeTypeRef: { apiVersion, kind } }: CompositionSpec): string {
  return `${kind} in ${apiVersion}`;
}

export interface Users {
  xrs: Composite[];
  /** Undefined where all were looked at. */
  atLeast?: true;
}

/** XRs that are looked at for those of a composition. */
const maxLookedAt = 500;

/** The XRs that a composition is used by; undefined where they may not be listed. None where its type is not served. */
export async function usersOf(call: ToolCall, { metadata, spec }: Composition): Promise<Users | undefined> {
  const resource = await compositeTypeOf(call, spec);
  if (!resource) return { xrs: [] };
  try {
    const { items, remaining } = await call.api.list<Composite>(resource, { limit: maxLookedAt });
    const xrs = items.filter((xr) => choiceOf(xr).compositionRef?.name === metadata.name);
    return { xrs, ...(remaining ? { atLeast: true } : {}) };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    if (error.code === 'not_found') return { xrs: [] };
    if (error.code === 'forbidden') return undefined;
    throw error;
  }
}

/** The kind that a composition is for, where it is served. */
export async function compositeTypeOf(
  { kinds }: ToolCall,
  { compositeTypeRef: { apiVersion, kind } }: CompositionSpec,
): Promise<Resource | undefined> {
  const known = await kinds.resourceOf(apiVersion, kind);
  if (known) return known;
  // XRDs bring kinds that discovery was asked for too early.
  kinds.forget();
  return await kinds.resourceOf(apiVersion, kind);
}
