/** Side by side, so many at a time; answers in the order of what was asked. */
export async function mapBounded<T, R>(
  items: readonly T[],
  work: (item: T, at: number) => Promise<R>,
  atOnce = 8,
): Promise<R[]> {
  const results = Array.from<R>({ length: items.length });
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await work(items[at] as T, at);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return results;
}
