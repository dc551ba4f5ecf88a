import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, onTestFinished } from 'vitest';

/** `mbedtls-check.c` on one version of mbedTLS. */
export interface Mbedtls {
  /** major, minor, patch */
  readonly version: readonly [number, number, number];
  isAtLeast(major: number, minor: number): boolean;
  /** Runs it to its end; resolves with the lines it printed. */
  run(...args: string[]): Promise<string[]>;
  /** Starts its TLS server for `connections` connections. */
  serve(files: ServerFiles, connections: number): Promise<MbedtlsServer>;
}

export interface ServerFiles {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
  readonly crl?: string;
}

export interface MbedtlsServer {
  readonly port: number;
  /** what it printed, once it has ended */
  readonly lines: Promise<string[]>;
}

const root = join(import.meta.dirname, '..', '..', '..', '..');
const own = join(root, 'build', 'mbedtls-3.6.5');

/** The system's, and the one of ESP-IDF 5.3 to 5.5. */
const BUILDS = [
  { name: 'mbedTLS of the system', flags: [], libraries: ['-lmbedtls', '-lmbedx509', '-lmbedcrypto'] },
  {
    name: 'mbedTLS 3.6',
    flags: ['-I', join(own, 'include')],
    libraries: [join(own, 'lib', 'libmbedtls.a')],
    needs: join(own, 'lib', 'libmbedtls.a'),
  },
];

const WARNINGS = ['-std=c11', '-D_DEFAULT_SOURCE', '-O1', '-Wall', '-Wextra', '-Werror'];

/** What the program was compiled to, or why it was not. */
function compiled({ flags, libraries, needs }: (typeof BUILDS)[number]): { program: string } | { reason: string } {
  if (needs !== undefined && !existsSync(needs)) return { reason: `${needs} is not built` };
  const dir = mkdtempSync(join(tmpdir(), 'secure-esp-mbedtls-'));
  afterAll(() => {
    rmSync(dir, { recursive: true, force: true });
  });
  const program = join(dir, 'mbedtls-check');
  const source = join(import.meta.dirname, 'mbedtls-check.c');
  const { status, stderr } = spawnSync('gcc', [...WARNINGS, ...flags, source, '-o', program, ...libraries], {
    encoding: 'utf8',
  });
  if (status === 0) return { program };
  if (status === null || stderr.includes('No such file')) return { reason: 'gcc or libmbedtls-dev is not installed' };
  throw new Error(`mbedtls-check.c does not compile:\n${stderr}`);
}

/**
 * Runs the tests once per version. Skips with a visible reason where one is missing; in CI that fails for the system's,
 * and for the newer one where SECURE_ESP_REQUIRE_MBEDTLS_3 is set, as `npm run verify` does.
 */
export function describeWithMbedtls(name: string, body: (mbedtls: Mbedtls) => void): void {
  for (const build of BUILDS) {
    const result = compiled(build);
    if ('reason' in result) {
      const [flag, variable] = build.needs === undefined ? ['', 'CI'] : [' --proofs', 'SECURE_ESP_REQUIRE_MBEDTLS_3'];
      const sentence = `${result.reason} (./tools/setup-test-deps.sh${flag} installs it)`;
      if (process.env[variable] !== undefined) throw new Error(sentence);
      describe.skip(`${name} (${build.name}; skipped: ${sentence})`, () => undefined);
      continue;
    }
    const mbedtls = usable(result.program);
    describe(`${name} (mbedTLS ${mbedtls.version.join('.')})`, () => {
      body(mbedtls);
    });
  }
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

function usable(program: string): Mbedtls {
  const text = spawnSync(program, ['version'], { encoding: 'utf8' }).stdout;
  const [major = 0, minor = 0, patch = 0] = text.trim().split('.').map(Number);
  return {
    version: [major, minor, patch],
    isAtLeast: (wantedMajor, wantedMinor) => major > wantedMajor || (major === wantedMajor && minor >= wantedMinor),
    run: (...args) =>
      new Promise((resolve, reject) => {
        execFile(program, args, { timeout: 20_000 }, (error, stdout, stderr) => {
          if (error) reject(new Error(`mbedtls-check ${args.join(' ')}: ${stderr}`, { cause: error }));
          else resolve(linesOf(stdout));
        });
      }),
    serve: ({ cert, key, ca, crl = '-' }, connections) => serve(program, [cert, key, ca, crl, String(connections)]),
  };
}

async function serve(program: string, args: string[]): Promise<MbedtlsServer> {
  const child = spawn(program, ['server', ...args], { stdio: ['ignore', 'pipe', 'inherit'], timeout: 60_000 });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let text = '';
  const port = new Promise<number>((resolve, reject) => {
    child.stdout.on('data', (data: Buffer) => {
      text += data.toString();
      const found = /^port (\d+)$/m.exec(text)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
    child.once('close', () => {
      reject(new Error(`mbedtls-check server: ${text}`));
    });
  });
  const lines = new Promise<string[]>((resolve) => {
    child.once('close', () => {
      resolve(linesOf(text).slice(1));
    });
  });
  return { port: await port, lines };
}
