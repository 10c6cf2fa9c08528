/** A difference that is meant: the only file in which one is excused. */
export interface MeantDifference {
  /** Matches `area: scenario`. */
  scenario: RegExp;
  /** Matches the place of the difference (compare.ts). */
  where: RegExp;
  /** One sentence for users, in docs/fidelity.md. */
  reason: string;
}

export const meantDifferences: readonly MeantDifference[] = [];
