/** The value below which the share `p` (0 to 1) of the samples lies, by nearest rank. NaN without samples. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}

/** A ratio of two columns, and how far it moved within the run. */
export interface Ratio {
  value: number;
  lowest: number;
  highest: number;
}

/** Ratio of the medians, with its range over the run cut into five parts: the noise of the machine shows in it. */
export function ratioOfMedians(samples: readonly number[], baseline: readonly number[]): Ratio {
  const parts = Math.min(5, samples.length);
  const ratios = Array.from({ length: parts }, (_, part) => {
    const cut = (all: readonly number[]) =>
      all.slice((part * all.length) / parts, ((part + 1) * all.length) / parts);
    return median(cut(samples)) / median(cut(baseline));
  });
  return {
    value: median(samples) / median(baseline),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
  };
}

/** Ratio of two columns that were measured in blocks: the median over the rounds, each block against its neighbour. */
export function ratioOfRounds(rounds: readonly number[], baseline: readonly number[]): Ratio {
  const ratios = rounds.map((value, round) => value / (baseline[round] ?? Number.NaN));
  return { value: median(ratios), lowest: Math.min(...ratios), highest: Math.max(...ratios) };
}

/** Median of what the one cost more than the other in the same turn. */
export function pairedDifference(samples: readonly number[], baseline: readonly number[]): number {
  return median(samples.map((sample, turn) => sample - (baseline[turn] ?? Number.NaN)));
}
