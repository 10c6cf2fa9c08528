import { readTraceContext } from '../../base/trace-context.ts';

/**
 * The W3C trace id that a call belongs to: of `_meta`, which is the call's own, or else of the HTTP request that brought it.
 * Undefined where there is none, or none that can be one.
 */
export function traceIdOf(
  meta: Record<string, unknown> | undefined,
  header?: string | null,
): string | undefined {
  for (const value of [meta?.['traceparent'], header]) {
    if (typeof value !== 'string') continue;
    const context = readTraceContext(value);
    if (context) return context.traceparent.split('-')[1];
  }
  return undefined;
}
