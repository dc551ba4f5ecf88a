import { generateKeyPairSync } from 'node:crypto';
import { createCsr } from '@secure-esp/pki';
import { buildImage } from '@secure-esp/firmware-image';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  bundleProgram,
  signalGroup,
  startCommand,
  startProgram,
  type Program,
  type StartOptions,
} from '../ota/real-program.js';
import { runMain } from '../run-main.js';

/** Where a test runs the program: a folder of its own, with what a project has after some work. */
export interface Workshop {
  /** A copy of the folder that has certificates, images, a release, a claim and a contract. */
  room(): Promise<Room>;
  /** A folder with nothing in it. */
  emptyRoom(): Promise<Room>;
  /** Makes a program send itself Ctrl-C as soon as it listens for it, before its command does anything. */
  readonly ctrlCAtStart: StartOptions;
  /** The same so long after that, whatever it does then. */
  readonly ctrlCAfter: (delayMs: number) => Promise<StartOptions>;
  /** The same a moment after it has begun to read standard input. */
  readonly ctrlCAtInput: StartOptions;
  close(): Promise<void>;
}

export interface Room {
  readonly cwd: string;
  start(argv: readonly string[], options?: StartOptions): Program;
  /** Runs it to its end. */
  run(argv: readonly string[], options?: StartOptions): Promise<Ended>;
  /** Every file and folder below the folder. */
  files(below?: string): Promise<readonly string[]>;
  /** Runs it at a terminal. */
  atTerminal(argv: readonly string[]): Program;
  /** Where it and what it starts keep temporary files. */
  readonly temporary: string;
  /** Ids of the processes that were started here and have not ended, however far down. */
  processes(): Promise<readonly string[]>;
  /** Fails if a process is left, or a file in the folder for temporary ones. */
  expectNothingLeft(): Promise<void>;
}

export interface Ended {
  readonly exitCode: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

const CTRL_C_AT_START = `process.on('newListener', (name) => {
  if (name === 'SIGTERM') process.kill(process.pid, 'SIGINT');
});
`;

/** The project of this repository, as far as `doctor firmware` reads it. */
const FIRMWARE = join(import.meta.dirname, '../../../../firmware');
const FIRMWARE_FILES = ['sdkconfig.defaults', 'sdkconfig.defaults.esp32', 'partitions'];

const ctrlCAfter = (delayMs: number): string => `process.on('newListener', (name) => {
  if (name === 'SIGTERM') setTimeout(() => process.kill(process.pid, 'SIGINT'), ${String(delayMs)});
});
`;

const CTRL_C_AT_INPUT = `const { get } = Object.getOwnPropertyDescriptor(process, 'stdin');
let sent = false;
Object.defineProperty(process, 'stdin', {
  get() {
    if (!sent) setTimeout(() => process.kill(process.pid, 'SIGINT'), 50).unref();
    sent = true;
    return get.call(process);
  },
});
`;

const INIT = ['pki', 'init', '--device', 'esp-001', '--device', 'esp-002'];
const CLAIM = ['pki', 'claim', 'esp-009', '--out', 'claims.json'];

export async function openWorkshop(): Promise<Workshop> {
  const program = await bundleProgram();
  const home = await mkdtemp(join(tmpdir(), 'secure-esp-workshop-'));
  const model = join(home, 'model');
  await mkdir(model);
  const preload = async (name: string, program: string): Promise<StartOptions> => {
    await writeFile(join(home, name), program);
    return { node: ['--import', join(home, name)] };
  };
  for (const version of ['1.0.0', '1.1.0']) {
    await writeFile(join(model, `app-${version}.bin`), await buildImage({ chip: 'esp32', project: 'lamp', version }));
  }
  const done = async (cwd: string, ...argv: readonly string[]): Promise<void> => {
    const { exitCode, stderr } = await runMain(cwd, argv);
    if (exitCode !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
  };
  await done(model, ...INIT);
  for (const version of ['1.0.0', '1.1.0']) await done(model, 'image', 'sign', `app-${version}.bin`);
  await done(model, 'ota', 'publish', 'app-1.0.0.signed.bin');
  await done(model, ...CLAIM);
  await done(model, 'codegen', 'docs', '--out', 'docs');
  await mkdir(join(model, 'old'));
  await done(join(model, 'old'), 'pki', 'init');
  await writeFile(join(model, 'merged.bin'), merged(await readFile(join(model, 'app-1.0.0.signed.bin'))));
  const { privateKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await writeFile(join(model, 'device.csr'), await createCsr({ key, subject: { CN: 'anything' } }));

  for (const name of FIRMWARE_FILES) {
    await cp(join(FIRMWARE, name), join(model, 'firmware', name), { recursive: true });
  }

  let rooms = 0;
  const open = async (from: string | undefined): Promise<Room> => {
    const place = join(home, String((rooms += 1)));
    const [cwd, temporary] = [join(place, 'project'), join(place, 'tmp')];
    await mkdir(temporary, { recursive: true });
    if (from === undefined) await mkdir(cwd);
    else await cp(from, cwd, { recursive: true });
    const start: Room['start'] = (argv, { env, ...options } = {}) =>
      startProgram(program.bin, cwd, argv, { ...options, env: { ...env, TMPDIR: temporary, NO_COLOR: '1' } });
    const processes = (): Promise<readonly string[]> => processesWith(`TMPDIR=${temporary}`);
    return {
      ...{ cwd, temporary, start, processes },
      atTerminal: (argv) => {
        const line = [process.execPath, program.bin, ...argv].map((word) => `'${word}'`).join(' ');
        return startCommand('script', ['-qec', `stty cols 100 rows 30; exec ${line}`, '/dev/null'], {
          ...{ cwd, stdin: 'pipe', env: { TMPDIR: temporary, NO_COLOR: '1', TERM: 'xterm' } },
        });
      },
      async run(argv, options) {
        const running = start(argv, options);
        const exitCode = await running.ended;
        return { exitCode, stdout: running.stdout(), stderr: running.stderr() };
      },
      async files(below = '.') {
        return (await readdir(join(cwd, below), { recursive: true })).sort();
      },
      async expectNothingLeft() {
        expect(await processes()).toEqual([]);
        expect(await readdir(temporary)).toEqual([]);
        expect((await readdir(cwd, { recursive: true })).filter((name) => LEFTOVER.test(name))).toEqual([]);
      },
    };
  };
  return {
    ctrlCAtStart: await preload('at-start.mjs', CTRL_C_AT_START),
    ctrlCAfter: (delayMs) => preload(`after-${String(delayMs)}.mjs`, ctrlCAfter(delayMs)),
    ctrlCAtInput: { ...(await preload('at-input.mjs', CTRL_C_AT_INPUT)), stdin: 'pipe' },
    room: () => open(model),
    emptyRoom: () => open(undefined),
    async close() {
      await rm(home, { recursive: true, force: true });
      await program.remove();
    },
  };
}

/** What is written before a file has its name, sockets, and locks of those who are gone. */
const LEFTOVER = /\.tmp$|\.sock$|(?:^|[./])lock$|\.lock$/;

/** The ids of processes that were started with this in their environment, however far down. */
async function processesWith(setting: string): Promise<readonly string[]> {
  if (process.platform !== 'linux') return [];
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const settings = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
    if (settings.split('\0').includes(setting)) found.push(pid);
  }
  return found;
}

/** A flash image with a partition table and one application. */
function merged(application: Uint8Array): Uint8Array {
  const [TABLE, APP] = [0x8000, 0x1_0000];
  const file = Buffer.alloc(APP + application.length, 0xff);
  const row = file.subarray(TABLE, TABLE + 32).fill(0);
  row.set([0xaa, 0x50, 0, 0]);
  row.writeUInt32LE(APP, 4);
  row.writeUInt32LE(0x10_0000, 8);
  row.write('factory', 12, 'latin1');
  file.set(application, APP);
  return file;
}

/** Waits until it has printed that. */
export async function printed(running: Program, what: RegExp): Promise<void> {
  await expect.poll(() => running.stdout() + running.stderr(), { timeout: 30_000, interval: 20 }).toMatch(what);
}

/** Ends within this, or does not end. */
const END_MS = 15_000;

/** Ends it as Ctrl-C in a terminal does, and expects it to close everything by itself. */
export async function ctrlC(running: Program): Promise<void> {
  signalGroup(running.child, 'SIGINT');
  const late = AbortSignal.timeout(END_MS);
  const ended = await Promise.race([
    running.ended,
    new Promise((resolve) => {
      late.addEventListener('abort', () => {
        resolve('too late');
      });
    }),
  ]);
  expect([ended, running.stderr()]).toEqual([130, expect.not.stringMatching(STACK)]);
}

/** A line of a stack trace, or what Node.js says of a program that ends without an end. */
export const STACK = /\n {4}at |Unhandled|unsettled top-level await|\bnode:internal/;

/** The one document that an error is with `--json`. */
export function errorOf({ stderr }: Pick<Ended, 'stderr'>): { code: string; message: string; nextStep?: string } {
  expect(stderr.trimEnd()).not.toContain('\n');
  return (JSON.parse(stderr) as { error: { code: string; message: string; nextStep?: string } }).error;
}
