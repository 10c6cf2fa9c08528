/** W3C Trace Context of one hop, as it stands in the headers of a request (https://www.w3.org/TR/trace-context/). */
export interface TraceContext {
  traceparent: string;
  tracestate?: string;
}

const form = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const maxStateLength = 512;
const maxStateMembers = 32;

/**
 * The context that a request carries, or undefined for one that carries none, or a malformed one: the next hop would
 * begin a trace of its own either way, and nothing that is no trace context leaves this cluster in its name.
 */
export function readTraceContext(
  traceparent: string | undefined,
  tracestate?: string,
): TraceContext | undefined {
  if (traceparent === undefined) return undefined;
  const [, version, , , , rest] = form.exec(traceparent) ?? [];
  // Only later versions may say more than these four fields.
  if (version === undefined || (version === '00' && rest !== undefined) || traceparent.length > 512)
    return undefined;
  return tracestate !== undefined && isState(tracestate) ? { traceparent, tracestate } : { traceparent };
}

function isState(text: string): boolean {
  return (
    text.length <= maxStateLength &&
    /^[\x20-\x7e\t]+$/.test(text) &&
    text.split(',').length <= maxStateMembers
  );
}
