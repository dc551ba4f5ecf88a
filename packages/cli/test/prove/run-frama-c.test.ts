import { chmod, writeFile } from 'node:fs/promises';
import { delimiter } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, onTestFinished, test, vi } from 'vitest';
import { runFramaC } from '../../src/prove/run-frama-c.js';
import { temporaryFolder } from '../run-main.js';

test.skipIf(process.platform === 'win32')('a proof that does not end is ended at its deadline', async () => {
  const folder = await temporaryFolder();
  await writeFile(`${folder}/frama-c`, '#!/bin/sh\nexec sleep 600\n');
  await chmod(`${folder}/frama-c`, 0o755);
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH'] ?? ''}`);
  onTestFinished(() => void vi.unstubAllEnvs());
  // Memory is collected again and again meanwhile: nothing that the deadline needs may go with it.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const collecting = setInterval(collect, 50);
  onTestFinished(() => {
    clearInterval(collecting);
  });
  const running = runFramaC({
    ...{ source: `${folder}/x.c`, folder, functions: [], goalTimeoutSeconds: 1, jobs: 1, deadlineMs: 600 },
    ...{ signal: new AbortController().signal, onGoal: () => undefined },
  });
  await expect(running).rejects.toThrow(/did not end within 0\.01 minutes/);
});
