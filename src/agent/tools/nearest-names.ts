/** The names most like `name`, at most three, best first; none where all are quite different. */
export function nearestNames(name: string, names: readonly string[]): string[] {
  return names
    .map((candidate) => ({ candidate, distance: distanceOf(name, candidate) }))
    .filter(({ candidate, distance }) => distance <= Math.max(name.length, candidate.length) / 2)
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** Levenshtein's; a name that contains the other is near. */
function distanceOf(a: string, b: string): number {
  if (a.length > 0 && (b.includes(a) || a.includes(b))) return 1;
  let before = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const change = Number(a[row - 1] !== b[column - 1]);
      current.push(Math.min(before[column]! + 1, current[column - 1]! + 1, before[column - 1]! + change));
    }
    before = current;
  }
  return before[b.length]!;
}
