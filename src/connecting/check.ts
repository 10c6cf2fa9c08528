/**
 * What one look at a cluster has found. `ok` and `warning` let an installation go on, `failed` does not; `unknown` could not
 * be looked at from here, and goes on too.
 */
export interface Check {
  /** What was looked at, in a few words that stay the same: `app cluster`, `control plane rights`. */
  subject: string;
  state: 'ok' | 'warning' | 'failed' | 'unknown';
  /** One sentence. */
  message: string;
  /** What to do about it; there is one unless all is well. */
  remedy?: string;
}

export function ok(subject: string, message: string): Check {
  return { subject, state: 'ok', message };
}

export function failed(subject: string, message: string, remedy: string): Check {
  return { subject, state: 'failed', message, remedy };
}

export function warning(subject: string, message: string, remedy: string): Check {
  return { subject, state: 'warning', message, remedy };
}

export function unknown(subject: string, message: string, remedy: string): Check {
  return { subject, state: 'unknown', message, remedy };
}
