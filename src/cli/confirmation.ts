import { ConnectorError } from '../base/errors.ts';
import type { Terminal } from './terminal.ts';

/**
 * Asks before something that is not easily undone. Resolves when the answer is yes. Throws ConnectorError `not-confirmed` for any other
 * answer, and where nobody can be asked: scripts say `--yes`.
 */
export async function confirm(
  question: string,
  { yes, terminal }: { yes: boolean; terminal: Pick<Terminal, 'ask'> },
): Promise<void> {
  if (yes) return;
  if (!terminal.ask)
    throw new ConnectorError(
      'not-confirmed',
      'nothing was done: there is no terminal to ask on; give --yes to go on without a question',
    );
  const answer = await terminal.ask(`${question} [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) throw new ConnectorError('not-confirmed', 'nothing was done');
}
