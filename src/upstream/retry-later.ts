import { serviceUnavailable, type StatusError } from '../apimachinery/status.ts';
import type { Outage } from './circuit-breaker.ts';

const longestSeconds = 3;

/**
 * 503 that clients resend on, for what was not carried out: not sent, refused, or only reading. One to three seconds, at
 * random: those who are refused in one moment do not come back in one.
 */
export function retryLater(message: string, cause?: unknown): StatusError {
  return serviceUnavailable(message, 1 + Math.floor(Math.random() * longestSeconds), cause);
}

/** For a request that is not sent, because it would not be answered. */
export function outageError({ since, reason }: Outage): StatusError {
  const time = since.toISOString().replace(/\.\d+Z$/, 'Z');
  return retryLater(`the control plane is not available since ${time}: ${reason}`).causedBy('circuit_open');
}
