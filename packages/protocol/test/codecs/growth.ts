/** Milliseconds of the fastest of some runs: what slows a machine down never makes it faster. */
function fastest(work: () => unknown, runs: number): number {
  let best = Infinity;
  for (let run = 0; run < runs; run++) {
    const start = performance.now();
    // Several calls: one may be shorter than the clock's step.
    for (let call = 0; call < 8; call++) work();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

/**
 * How many times longer `large` takes than `small`, measured again while it is `limit` or more: a busy machine may spoil
 * some measurements, but no machine makes the wrong complexity look right in any.
 */
export function growth(small: () => unknown, large: () => unknown, limit: number): number {
  let best = Infinity;
  for (let attempt = 0; attempt < 8 && best >= limit; attempt++) {
    const base = fastest(small, 5);
    best = Math.min(best, fastest(large, 3) / base);
  }
  return best;
}
