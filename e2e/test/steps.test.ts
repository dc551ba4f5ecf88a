import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs steps as `npm test` does, each a program given as text. */
function runSteps(steps: readonly { name: string; program: string; needed?: boolean; beside?: boolean }[]) {
  const list = steps.map(({ program, ...step }) => ({ ...step, command: [process.execPath, '-e', program] }));
  const script = `import { runSteps } from './tools/steps.mjs'; await runSteps(${JSON.stringify(list)});`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' });
}

describe('the steps of npm test', () => {
  it('end with what failed, so that a log cut to its end still names the test and its seed', () => {
    const { stdout, status } = runSteps([
      { name: 'good', program: 'console.log("✓ refuses FAIL lines")' },
      {
        name: 'bad',
        program:
          'console.log("x.test.ts:\\n FAIL  x.test.ts > equals\\nseed 42\\n✓ fine"); console.error("AssertionError: 1 is not 2"); process.exit(3)',
      },
      { name: 'after', program: 'for (let i = 0; i < 2000; i++) console.log("line", i)' },
    ]);
    expect(status).toBe(1);
    const end = stdout.slice(stdout.indexOf('=== what failed in'));
    expect(end).toMatch(
      /^=== what failed in bad \(exit code 3\)\n FAIL {2}x\.test\.ts > equals\nseed 42\nAssertionError: 1 is not 2\n/,
    );
    expect(end).toMatch(
      /passed {2}good \(\d+ s\)\nFAILED {2}bad \(\d+ s\)\npassed {2}after \(\d+ s\)\n2 passed, 1 failed\n$/,
    );
    expect(end.split('\n').length).toBeLessThan(15);
  });

  it('stop at a step that all others need, and a command that is not there counts as failed', () => {
    const { stdout, status } = runSteps([
      { name: 'build', program: 'process.exit(1)', needed: true },
      { name: 'never', program: 'console.log("NEVER RUN")' },
    ]);
    expect(status).toBe(1);
    expect(stdout).not.toContain('NEVER RUN');
    expect(stdout).toContain('0 passed, 1 failed');
  });

  it('run some beside the others, one at a time, each shown as a whole and in the summary at its place', () => {
    const speak = (word: string): string =>
      `let n = 0; const t = setInterval(() => { console.log('${word}'); if (++n === 5) clearInterval(t); }, 20)`;
    const { stdout, status } = runSteps([
      { name: 'lint', program: `${speak('lint')}; process.exitCode = 4`, beside: true },
      { name: 'types', program: speak('types'), beside: true },
      { name: 'tests', program: speak('tests') },
    ]);
    expect(status).toBe(1);
    for (const word of ['lint', 'types']) expect(stdout).toContain(`${word}\n`.repeat(5));
    expect(stdout).toMatch(/what failed in lint \(exit code 4\)/);
    expect(stdout).toMatch(/FAILED {2}lint .*\npassed {2}types .*\npassed {2}tests .*\n2 passed, 1 failed\n$/);
  });

  it('say nothing of failures when all passed', () => {
    const { stdout, status } = runSteps([{ name: 'good', program: '' }]);
    expect(status).toBe(0);
    expect(stdout).not.toContain('what failed');
  });
});
