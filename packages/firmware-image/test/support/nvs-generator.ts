import { nvsCsv, type NvsEntry } from '@secure-esp/firmware-image/nvs';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const python =
  process.env['SECURE_ESP_PYTHON'] ?? fileURLToPath(new URL('../../../../.venv/bin/python', import.meta.url));
const MODULE = 'esp_idf_nvs_partition_gen';

async function found(): Promise<boolean> {
  if (!existsSync(python)) return false;
  try {
    await promisify(execFile)(python, ['-c', `import ${MODULE}`]);
    return true;
  } catch {
    return false;
  }
}

/** Espressif's NVS generator, of PyPI. */
export const hasGenerator = await found();
export const generatorTitle = (title: string): string =>
  hasGenerator ? title : `${title} (skipped: ${MODULE} not found, set SECURE_ESP_PYTHON to a Python that has it)`;
/** CI has it: there a missing generator fails instead of skipping. */
export const skipWithoutGenerator = !hasGenerator && !process.env['CI'];

export interface GeneratorCase {
  readonly entries: readonly NvsEntry[];
  readonly sizeBytes: number;
  /** A key partition; without one the image is plain. */
  readonly keyPartition?: Uint8Array;
}

async function inFolder<T>(work: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'secure-esp-nvs-'));
  try {
    return await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** What the generator's command line makes of a CSV file. */
export const generatedOfCsv = (csv: string, sizeBytes: number, keyPartition?: Uint8Array): Promise<Uint8Array> =>
  inFolder(async (dir) => {
    await writeFile(join(dir, 'in.csv'), csv);
    const rest = ['in.csv', 'out.bin', `0x${sizeBytes.toString(16)}`];
    if (keyPartition !== undefined) {
      await writeFile(join(dir, 'keys.bin'), keyPartition);
      rest.push('--inputkey', 'keys.bin');
    }
    const command = keyPartition === undefined ? 'generate' : 'encrypt';
    await promisify(execFile)(python, ['-m', MODULE, command, ...rest], { cwd: dir });
    return new Uint8Array(await readFile(join(dir, 'out.bin')));
  });

/** A key partition of its own making. */
export const generatedKeyPartition = (): Promise<Uint8Array> =>
  inFolder(async (dir) => {
    await promisify(execFile)(python, ['-m', MODULE, 'generate-key', '--keyfile', 'keys.bin'], { cwd: dir });
    return new Uint8Array(await readFile(join(dir, 'keys', 'keys.bin')));
  });

const MANY = `
import json
from types import SimpleNamespace
from ${MODULE}.nvs_partition_gen import generate
for case in json.load(open('cases.json')):
    args = SimpleNamespace(input=[case['csv']], output=case['out'], size=str(case['size']), version=2, outdir='.')
    key = open(case['keys'], 'rb').read(64) if case['keys'] else None
    generate(args, is_encr_enabled=key is not None, encr_key=key)
`;

/** The same for many at once: one process, which takes longer to start than to write an image. */
export const generatedOf = (cases: readonly GeneratorCase[]): Promise<readonly Uint8Array[]> =>
  inFolder(async (dir) => {
    const listed = await Promise.all(
      cases.map(async ({ entries, sizeBytes, keyPartition }, index) => {
        const [csv, out] = [`${String(index)}.csv`, `${String(index)}.bin`];
        const keys = keyPartition === undefined ? null : `${String(index)}.keys.bin`;
        await writeFile(join(dir, csv), nvsCsv(entries));
        if (keys !== null && keyPartition !== undefined) await writeFile(join(dir, keys), keyPartition);
        return { csv, out, keys, size: sizeBytes };
      }),
    );
    await writeFile(join(dir, 'cases.json'), JSON.stringify(listed));
    await promisify(execFile)(python, ['-c', MANY], { cwd: dir, maxBuffer: 1 << 26 });
    return Promise.all(listed.map(async ({ out }) => new Uint8Array(await readFile(join(dir, out)))));
  });
