import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describeError } from '../src/base/errors.ts';
import { type Column, type Ground, groupOf } from './columns.ts';
import { withGround } from './ground.ts';
import { buildLoadClient } from './load.ts';
import { type Extent, type PhaseName, runPhases } from './plan.ts';
import { makeReport, render } from './report.ts';

/** A column that can be started; undefined where the machine lacks what it needs. */
export interface ColumnStart {
  name: string;
  start: (ground: Ground) => Promise<Column | undefined>;
}

export interface RunOptions {
  /** The column named `pass-through` is the baseline. */
  columns: readonly ColumnStart[];
  only: readonly PhaseName[];
  extent: Extent;
  /** Folder and base name of the two result files. */
  out: string;
  file: string;
  /** How this run is started again, for the report. */
  command: string;
  keep: boolean;
}

/** Starts lab and columns, runs the phases, writes `<file>.json` and `<file>.md`, and prints the latter. */
export async function runBench(options: RunOptions): Promise<void> {
  const { columns: starts, only, extent, out, file, command, keep } = options;
  const groups = starts.map(({ name }) => groupOf(name));
  await withGround({ groups, keep, say }, async (ground) => {
    const notes: string[] = [];
    const columns: Column[] = [];
    const program = await buildLoadClient(ground.folder);
    for (const { name, start } of starts) {
      say(`starts ${name}`);
      const column = await start(ground);
      if (column) columns.push(column);
      else notes.push(`The column ${name} is left out: there is no ${name} on this machine.`);
    }
    for (const note of notes) say(note);
    const bench = { ground, columns, program, clusterID: ground.clusterID, baseline: 'pass-through' };
    const phases = await runPhases(bench, new Set(only), extent, say);
    const report = makeReport(phases, { kubernetes: ground.kubernetes, command, notes });
    await mkdir(out, { recursive: true });
    await writeFile(path.join(out, `${file}.json`), `${JSON.stringify(report, undefined, 1)}\n`);
    await writeFile(path.join(out, `${file}.md`), render(report));
    process.stdout.write(render(report));
  });
}

/** Runs a program's body; what goes wrong is one line on stderr and exit code 1. */
export async function main(body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (error) {
    say(describeError(error));
    process.exitCode = 1;
  }
}

/** The names of a comma-separated list, in the order of `names`. Throws for one that is not among them. */
export function namesIn<N extends string>(given: string, names: readonly N[]): N[] {
  const asked = given.split(',');
  const unknown = asked.filter((name) => !names.some((one) => one === name));
  if (unknown.length > 0) throw new Error(`not known: ${unknown.join(', ')}; there are: ${names.join(', ')}`);
  return names.filter((name) => asked.includes(name));
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
