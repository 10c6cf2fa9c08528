import { ConnectorError } from '../base/errors.ts';
import type { Component } from './component.ts';
import { type CommandResult, kubectl } from './kubectl.ts';
import type { LabCluster } from './lab-cluster.ts';

/** Lines that a shown answer may have; the rest is counted. */
const shownLines = 30;

/** The cluster that a command goes to; its name is shown as the prompt. */
export type Target = Pick<LabCluster, 'name' | 'kubeconfig'>;

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
    this.#write(text === '' ? '\n' : `   ${text}\n`);
  }

  /**
   * Runs kubectl and shows it. `seen`: patterns that must be in its stdout. Throws ConnectorError `demo-failed` with the
   * whole answer when one is missing or the exit code is not 0.
   */
  async kubectl(target: Target, args: readonly string[], seen: readonly RegExp[]): Promise<void> {
    const answer = await kubectl(target.kubeconfig, args);
    this.#show(target, args, answer);
    assertSeen(args, answer, seen);
  }

  /**
   * Runs kubectl until all the patterns are in its stdout, and shows that answer. Throws ConnectorError when the component
   * that makes it true ends, or after a time-out of two minutes.
   */
  async eventually(
    component: Component,
    target: Target,
    args: readonly string[],
    seen: readonly RegExp[],
  ): Promise<void> {
    let answer: CommandResult | undefined;
    const isSeen = async (): Promise<boolean> => {
      answer = await kubectl(target.kubeconfig, args);
      assertSeen(args, answer, seen);
      return true;
    };
    // kube-apiserver asks again after a minute where its first look at a new API came too early.
    await component.waitUntil(`kubectl ${args.join(' ')} showed what it should`, isSeen, 120_000);
    if (answer) this.#show(target, args, answer);
  }

  #show(target: Target, args: readonly string[], { stdout }: CommandResult): void {
    this.line(`${target.name}$ kubectl ${args.map(shellWord).join(' ')}`);
    const lines = stdout.trimEnd().split('\n');
    for (const line of lines.slice(0, shownLines)) this.line(line && `  ${line}`);
    if (lines.length > shownLines) this.line(`  ... ${lines.length - shownLines} lines more`);
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
