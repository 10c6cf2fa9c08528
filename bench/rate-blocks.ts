import { runLoad, type Series } from './load.ts';
import { cpuSeconds } from './process-usage.ts';
import type { ColumnResult, PhaseResult } from './results.ts';
import { median, percentile, ratioOfRounds } from './statistics.ts';
import { type Bench, jobOf, targetsOf } from './targets.ts';

export interface RateOptions {
  id: string;
  title: string;
  namespace: string;
  /** Length of one block. */
  seconds: number;
  rounds: number;
  inFlight: number;
}

interface Block {
  series: Series;
  cpu: { self: number; app: number; controlPlane: number };
}

/** GETs at full speed in blocks, the targets in turn; the CPU time of a block belongs to its target. */
export async function measureRate(bench: Bench, options: RateOptions): Promise<PhaseResult> {
  const { id, title, namespace, seconds, rounds, inFlight } = options;
  const targets = targetsOf(bench);
  const blocks = new Map<string, Block[]>(targets.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let step = 0; step < targets.length; step++) {
      const target = targets[(round + step) % targets.length];
      if (target === undefined) continue;
      const work = jobOf(bench, {
        mode: 'rate',
        verb: 'get',
        targets: [target],
        namespace,
        seconds,
        inFlight,
      });
      const readCpu = cpuReader(bench, target.name);
      const [series] = await runLoad(bench.program, work);
      if (series) blocks.get(target.name)?.push({ series, cpu: readCpu(series.millis.length) });
    }
  }
  const baseline = ratesOf(blocks.get(bench.baseline));
  const columns: Record<string, ColumnResult> = {};
  for (const [name, measured] of blocks) {
    const millis = measured.flatMap(({ series }) => series.millis);
    const cpuOf = (part: keyof Block['cpu']) => median(measured.map(({ cpu }) => cpu[part]));
    columns[name] = {
      p50: median(millis),
      p99: percentile(millis, 0.99),
      perSecond: median(ratesOf(measured)),
      cpu: { self: cpuOf('self'), app: cpuOf('app'), controlPlane: cpuOf('controlPlane') },
      ...(name.startsWith('direct') ? {} : { ratio: ratioOfRounds(ratesOf(measured), baseline) }),
    };
  }
  const baselineBlocks = blocks.get(bench.baseline) ?? [];
  const requests = baselineBlocks.reduce((sum, { series }) => sum + series.millis.length, 0);
  return { id, title, kind: 'rate', requests, columns };
}

function ratesOf(blocks: readonly Block[] = []): number[] {
  return blocks.map(({ series }) => series.millis.length / series.seconds);
}

/** Starts to count CPU time; the function returned answers milliseconds per request since. */
function cpuReader({ ground, columns }: Bench, name: string): (requests: number) => Block['cpu'] {
  const self = columns.find((column) => column.name === name)?.pids() ?? [];
  const groups = [self, ground.app.pids, ground.controlPlane.pids];
  const start = groups.map((pids) => cpuSeconds(pids));
  return (requests) => {
    const spent = groups.map((pids, i) => ((cpuSeconds(pids) - (start[i] ?? 0)) * 1000) / requests);
    return { self: spent[0] ?? 0, app: spent[1] ?? 0, controlPlane: spent[2] ?? 0 };
  };
}
