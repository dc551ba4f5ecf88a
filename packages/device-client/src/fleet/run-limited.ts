/**
 * Works on `items` in order, at most `concurrency` at a time, for as long as `mayStart` says so. Resolves once everything
 * that was started is over, with the items that were not. `work` must not throw.
 */
export async function runLimited<I>(
  items: readonly I[],
  concurrency: number,
  mayStart: () => boolean,
  work: (item: I) => Promise<void>,
): Promise<readonly I[]> {
  let started = 0;
  const worker = async (): Promise<void> => {
    while (started < items.length && mayStart()) {
      const item = items[started] as I;
      started += 1;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return items.slice(started);
}
