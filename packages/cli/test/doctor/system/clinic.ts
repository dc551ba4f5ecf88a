import { startEmbeddedBroker, type EmbeddedBroker, type EmbeddedBrokerOptions } from '@secure-esp/broker';
import { createFileFirmwareStore, createOtaServer } from '@secure-esp/ota-server';
import { initPki, type InitPkiOptions, type PkiTree } from '@secure-esp/pki';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { doctor, type DoctorOptions } from '../../../src/commands/doctor.js';
import type { CheckResult } from '../../../src/doctor/system/check.js';
import { brokerTls } from '../../../src/start-broker.js';
import { runMain } from '../../run-main.js';

/** A tree in a folder of its own; both are gone after the test. */
export async function newTree(options: Partial<InitPkiOptions> = {}): Promise<{ cwd: string; tree: PkiTree }> {
  const cwd = await mkdtemp(join(tmpdir(), 'secure-esp-doctor-'));
  onTestFinished(() => rm(cwd, { recursive: true, force: true }));
  return { cwd, tree: await initPki({ dir: join(cwd, '.secure-esp'), devices: ['esp-001'], ...options }) };
}

/** A real broker of the tree. */
export async function startBroker(
  tree: PkiTree,
  change: Partial<EmbeddedBrokerOptions['tls']> = {},
): Promise<EmbeddedBroker> {
  const tls = { ...brokerTls(tree, await tree.crls()), ...change };
  const broker = await startEmbeddedBroker({ tls, operatorPort: 0, devicePort: 0 });
  onTestFinished(() => broker.close());
  return broker;
}

/** A real update server of the tree; its port. */
export async function startOta(tree: PkiTree, pair: { cert: string; key: string } = tree.ota): Promise<number> {
  const server = createOtaServer({
    tls: { cert: pair.cert, key: pair.key, deviceCa: tree.deviceCa, operatorCa: tree.ca },
    store: createFileFirmwareStore({ dir: join(tree.dir, 'firmware') }),
  });
  const address = await server.listen(0, '127.0.0.1');
  onTestFinished(() => server.close());
  return address.port;
}

export interface Report {
  readonly exitCode: number;
  readonly stderr: string;
  readonly results: readonly CheckResult[];
  /** The result of that id, with verdict and sentence. */
  readonly of: (id: string) => string;
}

/** Runs `doctor --json` and reads what it says. */
export async function examine(cwd: string, ...words: string[]): Promise<Report> {
  const { exitCode, stdout, stderr } = await runMain(cwd, ['doctor', '--json', '--deadline', '3', ...words]);
  return reportOf(stdout, { exitCode, stderr });
}

/** The same at another time, or for a program that is elsewhere. */
export async function examineAs(
  cwd: string,
  given: Parameters<typeof doctor>[2],
  options: Partial<DoctorOptions> = {},
): Promise<Report> {
  const lines: string[] = [];
  const stdout = { write: (text: string) => lines.push(text) } as unknown as NodeJS.WritableStream;
  const nowhere = { url: 'mqtts://localhost:1', deviceUrl: 'mqtts://localhost:2', ota: 'https://localhost:3' };
  const ended = doctor(
    { cwd, stdout, stderr: stdout, signal: new AbortController().signal },
    { ...nowhere, dir: '.secure-esp', json: true, deadline: 3, ...options },
    given,
  );
  const failure = await ended.then(
    () => undefined,
    (error: unknown) => ({ exitCode: 1, stderr: String(error) }),
  );
  return reportOf(lines.join(''), failure ?? { exitCode: 0, stderr: '' });
}

function reportOf(stdout: string, ended: Pick<Report, 'exitCode' | 'stderr'>): Report {
  const { results } = JSON.parse(stdout) as { results: readonly CheckResult[] };
  return {
    ...{ ...ended, results },
    of: (id) => {
      const found = results.find((result) => result.id === id);
      return found === undefined ? 'not looked at' : `${found.verdict}: ${found.message} ${found.nextStep ?? ''}`;
    },
  };
}
