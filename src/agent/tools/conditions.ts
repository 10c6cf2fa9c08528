import type { Condition } from '../../apimachinery/objects.ts';

/** Any object of Crossplane, as far as its conditions go. */
export interface Conditioned {
  status?: { conditions?: Condition[] };
}

export function conditionOf(object: Conditioned | undefined, type: string): Condition | undefined {
  return object?.status?.conditions?.find((condition) => condition.type === type);
}

/** `True`, `False`, `Unknown`, or nothing where it was never reported. */
export function statusOf(object: Conditioned | undefined, type: string): string | undefined {
  return conditionOf(object, type)?.status;
}

/** `False (UnpackingPackage): cannot unpack …`; `-` where it was never reported. */
export function conditionText(condition: Condition | undefined): string {
  if (!condition) return '-';
  const { message, reason, status } = condition;
  return `${status}${reason ? ` (${reason})` : ''}${message ? `: ${message}` : ''}`;
}

/** Conditions of which True is not what is hoped for. */
const goodWhenFalse = new Set(['LastAsyncOperation', 'AsyncOperation']);

/** What is wrong with an object by its own word: every condition that is False or Unknown, in full. */
export function failingConditions(object: Conditioned): Condition[] {
  return (object.status?.conditions ?? []).filter(
    ({ type, status }) => status !== 'True' && !goodWhenFalse.has(type),
  );
}
