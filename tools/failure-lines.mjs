/** What names a failure in the output of Vitest, tsc, ESLint, Prettier, the C test runners and our own steps. */
const TELLING =
  /(^|\s)(FAIL|FAILED|✗|×|✖)\s|AssertionError|\b\w*Error\b[^\n]*:|error TS\d+|Test timed out|[Ss]eed\b|Counterexample|\[warn\]|\bmissed\b/;

/** Lines of a passing test that happen to hold such a word. */
const QUIET = /^\s*(?:\S+:test:?\s+)?✓/;

/**
 * The lines of a failed step's output that say what failed, oldest first, each once, at most `limit` of them: a log
 * that is cut to its end still says which test it was and with which seed.
 */
export function failureLines(output, limit = 40) {
  const lines = output
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => TELLING.test(line) && !QUIET.test(line))
    .map((line) => (line.length > 300 ? `${line.slice(0, 300)}…` : line));
  return [...new Set(lines)].slice(0, limit);
}
