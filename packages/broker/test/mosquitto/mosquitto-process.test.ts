import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { superviseProcess } from '../../src/mosquitto/mosquitto-process.js';
import { until } from '../support/mqtt-client.js';
import { temporaryFolder } from '../support/temporary.js';
import { isRunning } from '../support/processes.js';
import { isInstalled } from '../support/tools.js';

const dir = temporaryFolder();
const source = fileURLToPath(new URL('../../src/mosquitto/mosquitto-process.ts', import.meta.url));
/** Linux: the kernel ends the child. Elsewhere only an orderly end of the parent does. */
const kernelEndsChildren = process.platform === 'linux' && isInstalled('setpriv');

describe('a supervised process', () => {
  test('is read to its last line, and remembers the last ones only', async () => {
    const lines: string[] = [];
    const child = await superviseProcess({
      executable: process.execPath,
      args: ['-e', 'for (let i = 0; i < 100; i++) console.error(`line ${i}`); process.exit(7)'],
      onLine: (line) => lines.push(line),
    });
    expect(await child.ended).toEqual({ exitCode: 7, signal: null });
    expect(lines).toHaveLength(100);
    expect(child.log().at(0)).toBe('line 60');
    expect(child.log().at(-1)).toBe('line 99');
    expect(child.signal('SIGHUP')).toBe(false);
    await child.stop(1);
  });

  test('ends when its parent exits', () => parentEnds('exit'), 30_000);

  test.skipIf(!kernelEndsChildren)(
    'ends when its parent is killed (needs Linux and setpriv)',
    () => parentEnds('SIGKILL'),
    30_000,
  );
});

async function parentEnds(how: 'exit' | 'SIGKILL'): Promise<void> {
  const parent = join(dir, `parent-${how}.mjs`);
  const pidFile = join(dir, `child-${how}.pid`);
  writeFileSync(
    parent,
    `import { runnerImport } from ${JSON.stringify(import.meta.resolve('vite'))};
       import { writeFileSync } from 'node:fs';
       const { module } = await runnerImport(${JSON.stringify(source)}, { configFile: false, logLevel: 'silent' });
       const child = await module.superviseProcess({
         executable: process.execPath, args: ['-e', 'setInterval(() => {}, 1000); console.error("up")'],
         onLine: () => {
           writeFileSync(${JSON.stringify(pidFile)}, String(child.pid));
           if (${JSON.stringify(how)} === 'exit') process.exit(0);
         } });
       setInterval(() => {}, 1000);`,
  );
  const running = spawn(process.execPath, [parent], { stdio: 'inherit' });
  await until('the child is up', () => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '', 20_000);
  if (how === 'SIGKILL') running.kill('SIGKILL');
  const pid = Number(readFileSync(pidFile, 'utf8'));
  await until('the child is gone', () => !isRunning(pid));
}
