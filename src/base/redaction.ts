/** As long as a credential has to be, and longer than most words. */
const opaqueWord = /[\w+/=.~-]{16,}/g;
const maxLength = 200;

/**
 * What somebody else printed, made fit for a log and for readiness, which anybody may read: one line, and nothing in it
 * that could be a credential.
 */
export function redacted(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.slice(0, maxLength).replaceAll(opaqueWord, '[redacted]');
}
