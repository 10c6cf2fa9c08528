import { types } from 'node:util';

/**
 * The family of errors that never cross the wire: a configuration that cannot work, a peer that cannot be reached,
 * a credential that is refused. `code` is a kebab-case word for programs (logs, metrics, readiness reasons),
 * `message` one sentence for people that says what to do.
 *
 * The other family, StatusError (apimachinery/status.ts), is what a user of the API gets to see.
 */
export class ConnectorError extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ConnectorError';
    this.code = code;
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'unknown error');
}

/** One line for a log or a readiness reason: the message, and that of each cause that adds something. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let e: unknown = error; e !== undefined && e !== null; e = (e as { cause?: unknown }).cause) {
    // Also of another realm, such as a test's, where `instanceof` says no.
    const text = types.isNativeError(e) ? e.message || (e as { code?: string }).code || e.name : textOf(e);
    if (text && !parts.some((part) => part.includes(text))) parts.push(text);
    if (!types.isNativeError(e)) break;
  }
  return parts.join(': ');
}
