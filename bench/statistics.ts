/** The value below which the share `p` (0 to 1) of the samples lies, by nearest rank. NaN without samples. */
export function percentile(samples: readonly number[], p: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))] ?? Number.NaN;
}

/** With an even number of samples the mean of the middle two, so that a few slow ones do not decide. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
  const upper = sorted[Math.ceil((sorted.length - 1) / 2)] ?? Number.NaN;
  return (lower + upper) / 2;
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

/** Ratio of the medians of two columns measured in blocks, with its range over the rounds. */
export function ratioOfRounds(rounds: readonly number[], baseline: readonly number[]): Ratio {
  const ratios = rounds.map((value, round) => value / (baseline[round] ?? Number.NaN));
  return {
    value: median(rounds) / median(baseline),
    lowest: Math.min(...ratios),
    highest: Math.max(...ratios),
  };
}

/** Median of what the one cost more than the other in the same turn. */
export function pairedDifference(samples: readonly number[], baseline: readonly number[]): number {
  return median(samples.map((sample, turn) => sample - (baseline[turn] ?? Number.NaN)));
}
