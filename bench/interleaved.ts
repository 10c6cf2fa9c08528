import type { Column } from './columns.ts';
import { type Job, runLoad } from './load.ts';
import { cpuSeconds, memoryMiB, resetPeak } from './process-usage.ts';
import type { ColumnResult, PhaseResult } from './results.ts';
import { median, pairedDifference, percentile, ratioOfMedians } from './statistics.ts';
import { type Bench, jobOf, targetsOf } from './targets.ts';

export interface InterleavedOptions {
  id: string;
  title: string;
  mode: 'turns' | 'watch';
  verb?: 'get' | 'list' | 'create';
  namespace: string;
  turns: number;
  warmUp: number;
  /** Objects that a list has to hold. */
  count?: number;
  /** A client that does not offer gzip. */
  plain?: boolean;
}

/** One phase of interleaved requests: each target once per turn. */
export async function measureInterleaved(bench: Bench, options: InterleavedOptions): Promise<PhaseResult> {
  const { id, title, mode, verb, namespace, turns, warmUp, count, plain } = options;
  const targets = targetsOf(bench, plain);
  const [writer] = targets;
  const work: Job = {
    ...jobOf(bench, { mode, targets, namespace }),
    turns,
    warmUp,
    runID: String(Date.now()),
    // A watch is a matter of latency: the next write waits until the machine is quiet again.
    pauseMs: 2,
    ...(verb ? { verb } : {}),
    ...(count === undefined ? {} : { count }),
    ...(writer ? { writer } : {}),
  };
  const readers = new Map(bench.columns.map((column) => [column.name, usageReader(column)]));
  const series = await runLoad(bench.program, work);
  const millisOf = (name: string) => series.find(({ target }) => target === name)?.millis ?? [];
  const columns: Record<string, ColumnResult> = {};
  for (const { target, millis, bytes } of series) {
    const usage = readers.get(target)?.(turns + warmUp);
    columns[target] = {
      p50: median(millis),
      p99: percentile(millis, 0.99),
      added: pairedDifference(millis, millisOf('direct-h1')),
      bytes,
      ...(usage ? { ...usage, ratio: ratioOfMedians(millis, millisOf(bench.baseline)) } : {}),
    };
  }
  return { id, title, kind: 'time', requests: turns, columns };
}

/** Starts to watch a server's CPU time and memory; the function returned answers for that many requests since. */
function usageReader(column: Column) {
  resetPeak(column.pid());
  const before = memoryMiB(column.pid()).resident;
  const start = cpuSeconds(column.pids());
  return (requests: number): Required<Pick<ColumnResult, 'cpu' | 'memory'>> => ({
    cpu: { self: ((cpuSeconds(column.pids()) - start) * 1000) / requests },
    memory: { before, peak: memoryMiB(column.pid()).peak },
  });
}
