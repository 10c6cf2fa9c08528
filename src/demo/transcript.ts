import { ConnectorError } from '../base/errors.ts';
import { type CommandResult, kubectl } from './kubectl.ts';

/** Lines that a shown answer may have; the rest is counted. */
const shownLines = 30;

/** What the demo shows: numbered steps, each command as one would type it, and its answer. */
export class Transcript {
  readonly #write: (text: string) => void;
  readonly #bold: (text: string) => string;
  #step = 0;

  /** `colour`: true when a person reads along on a terminal. */
  constructor(write: (text: string) => void, colour: boolean) {
    this.#write = write;
    this.#bold = (text) => (colour ? `\u001B[1m${text}\u001B[22m` : text);
  }

  step(title: string): void {
    this.#write(`\n${this.#bold(`${++this.#step}. ${title}`)}\n`);
  }

  line(text: string): void {
    this.#write(`   ${text}\n`);
  }

  /**
   * Runs kubectl, shows it, and returns its stdout. `seen`: patterns that must be in it. Throws ConnectorError
   * `demo-failed` with the whole answer when one is missing or the exit code is not 0.
   */
  async kubectl(
    kubeconfig: string,
    args: readonly string[],
    seen: readonly RegExp[],
    input?: string,
  ): Promise<string> {
    const answer = await kubectl(kubeconfig, args, input === undefined ? {} : { input });
    this.line(`$ kubectl ${args.map(shellWord).join(' ')}`);
    const lines = answer.stdout.trimEnd().split('\n');
    for (const line of lines.slice(0, shownLines)) this.line(`  ${line}`);
    if (lines.length > shownLines) this.line(`  ... ${lines.length - shownLines} lines more`);
    assertSeen(args, answer, seen);
    return answer.stdout;
  }
}

export function assertSeen(args: readonly string[], answer: CommandResult, seen: readonly RegExp[]): void {
  const missing = seen.find((pattern) => !pattern.test(answer.stdout));
  if (answer.code === 0 && !missing) return;
  const why = answer.code === 0 ? `does not show ${String(missing)}` : `ended with exit code ${answer.code}`;
  throw new ConnectorError(
    'demo-failed',
    `kubectl ${args.join(' ')} ${why}:\n${answer.stdout}${answer.stderr}`,
  );
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`;
}
