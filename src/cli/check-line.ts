import type { Check } from '../connecting/check.ts';
import type { Terminal } from './terminal.ts';

const styles = { ok: 'green', warning: 'yellow', failed: 'red', unknown: 'dim' } as const;

/** `ok       app cluster: Kubernetes v1.34.4`; what to do stands behind an arrow. */
export function checkLine(
  { state, subject, message, remedy }: Check,
  { style }: Pick<Terminal, 'style'>,
): string {
  const mark = style(styles[state], state.padEnd(8));
  return `${mark} ${subject}: ${message}${remedy ? ` -> ${remedy}` : ''}\n`;
}
