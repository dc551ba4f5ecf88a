import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildImage, type BuildImageOptions } from '@secure-esp/firmware-image';
import type { Finding } from '../../src/doctor/finding.js';
import { runMain, temporaryFolder } from '../run-main.js';

const repository = fileURLToPath(new URL('../../../../firmware', import.meta.url));
const SDKCONFIG_FILES = ['esp32', 'esp32s3', 'esp32c3', 'esp32c6'].flatMap((chip) => [
  `sdkconfig.defaults.${chip}`,
  `sdkconfig.release.${chip}`,
]);

/** A folder with a certificate tree that has every kind of firmware key; made once, copied by each test. */
export async function makeKeys(dir: string): Promise<void> {
  const chips = ['--chip', 'esp32', '--chip', 'esp32s3', '--chip', 'esp32c6'];
  const { exitCode, stderr } = await runMain(dir, ['pki', 'init', ...chips]);
  if (exitCode !== 0) throw new Error(stderr);
}

export interface FirmwareFolder {
  readonly dir: string;
  /** Adds lines behind those of a file of the project, so that they win. */
  readonly append: (file: string, ...lines: readonly string[]) => Promise<void>;
  readonly edit: (file: string, from: string | RegExp, to: string) => Promise<void>;
  readonly write: (file: string, content: string | Uint8Array) => Promise<void>;
  /** As `idf.py build` leaves it; without options, an application that the doctor has nothing against. */
  readonly build: (files?: { readonly app?: Uint8Array; readonly bootloaderBytes?: number }) => Promise<void>;
  /** A signed application. */
  readonly app: (options?: Partial<BuildImageOptions>) => Promise<Uint8Array>;
  readonly doctor: (...args: readonly string[]) => Promise<DoctorRun>;
}

export interface DoctorRun {
  readonly exitCode: number;
  readonly stderr: string;
  readonly findings: readonly Finding[];
  readonly json: Readonly<Record<string, unknown>>;
}

/** The project of this repository in a folder of its own, next to the keys of `keys`. */
export async function firmwareFolder(keys: string): Promise<FirmwareFolder> {
  const dir = await temporaryFolder();
  await cp(join(keys, '.secure-esp'), join(dir, '.secure-esp'), { recursive: true });
  for (const name of ['sdkconfig.defaults', 'sdkconfig.release', ...SDKCONFIG_FILES, 'partitions'])
    await cp(join(repository, name), join(dir, 'firmware', name), { recursive: true });
  const path = (file: string): string => join(dir, 'firmware', file);
  const write = async (file: string, content: string | Uint8Array): Promise<void> => {
    await mkdir(join(path(file), '..'), { recursive: true });
    await writeFile(path(file), content);
  };
  const edit = async (file: string, from: string | RegExp, to: string): Promise<void> => {
    const text = await readFile(path(file), 'utf8');
    const edited = text.replace(from, to);
    if (edited === text) throw new Error(`nothing in ${file} matches ${String(from)}`);
    await writeFile(path(file), edited);
  };
  const app = async (options: Partial<BuildImageOptions> = {}): Promise<Uint8Array> => {
    await write('app.bin', await buildImage({ chip: 'esp32', project: 'lamp', version: '1.0.0', ...options }));
    const { exitCode, stderr } = await runMain(dir, [
      'image',
      'sign',
      'firmware/app.bin',
      '-o',
      'firmware/app.signed.bin',
    ]);
    if (exitCode !== 0) throw new Error(stderr);
    return new Uint8Array(await readFile(path('app.signed.bin')));
  };
  return {
    ...{ dir, write, edit, app },
    append: async (file, ...lines) => {
      await writeFile(path(file), `${await readFile(path(file), 'utf8')}\n${lines.join('\n')}\n`);
    },
    build: async ({ app: given, bootloaderBytes = 0x7000 } = {}) => {
      await write('build/project_description.json', JSON.stringify({ app_bin: 'lamp.bin' }));
      await write('build/lamp.bin', given ?? (await app()));
      await write('build/bootloader/bootloader.bin', new Uint8Array(bootloaderBytes));
    },
    doctor: async (...args) => {
      const { exitCode, stdout, stderr } = await runMain(dir, ['doctor', 'firmware', 'firmware', '--json', ...args]);
      const json = (stdout === '' ? {} : JSON.parse(stdout)) as Readonly<Record<string, unknown>>;
      return { exitCode, stderr, json, findings: (json['findings'] ?? []) as readonly Finding[] };
    },
  };
}
