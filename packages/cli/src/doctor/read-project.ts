import { chipByName, reportImage, type Chip } from '@secure-esp/firmware-image';
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, readInput } from '../files.js';
import type { Profile } from './finding.js';
import type { BuiltApplication, BuiltFile, FirmwareProject, SigningKey } from './firmware-project.js';
import { readPartitionTable } from './partition-table-csv.js';
import { readSdkconfig, type Sdkconfig } from './sdkconfig.js';

export interface ReadProjectOptions {
  readonly sdkconfig?: string;
  readonly build?: string;
  readonly chip?: string;
  readonly profile?: Profile;
}

export interface FoundProject {
  readonly project: FirmwareProject;
  /** Configuration files that were read, in their order, as shown to people. */
  readonly sources: readonly string[];
}

const isThere = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() === true;

/** Reads what there is of an ESP-IDF project: configuration, partition table, signing key, build. */
export async function readProject(
  context: CliContext,
  dir: string,
  options: ReadProjectOptions,
): Promise<FoundProject> {
  const root = pathOf(context, dir);
  const shown = (path: string): string => relative(context.cwd, path) || path;
  const { config, sources } = await readConfiguration(context, root, dir, options);
  const chip = chipOf(config, options.chip);
  const tablePath = resolve(root, config.text('PARTITION_TABLE_CUSTOM_FILENAME') ?? 'partitions.csv');
  const csv = config.isOn('PARTITION_TABLE_CUSTOM')
    ? await readFile(tablePath, 'utf8').catch(() => undefined)
    : undefined;
  const project: FirmwareProject = {
    chip,
    profile: options.profile ?? profileOf(config),
    config,
    table: csv === undefined ? undefined : readPartitionTable(csv, config.number('PARTITION_TABLE_OFFSET') ?? 0x8000),
    tablePath: shown(tablePath),
    signingKey: await readSigningKey(config, root, shown),
    hasVerificationKey: await isThere(resolve(root, config.text('SECURE_BOOT_VERIFICATION_KEY') ?? '')),
    ...(await readBuild(context, root, options.build, shown)),
  };
  return { project, sources: sources.map(shown) };
}

const profileOf = (config: Sdkconfig): Profile =>
  config.isOn('SECURE_BOOT') || config.isOn('SECURE_FLASH_ENCRYPTION_MODE_RELEASE') ? 'release' : 'development';

function chipOf(config: Sdkconfig, stated: string | undefined): Chip {
  const name = config.text('IDF_TARGET') ?? 'esp32';
  if (stated !== undefined && config.names.has('IDF_TARGET') && stated !== name)
    throw new CliError(`the configuration is for ${name}, --chip says ${stated}.`, 'Leave --chip out.', 2);
  const chip = chipByName(stated ?? name);
  if (chip === undefined) throw new CliError(`chip "${name}" is not known.`, 'Name one with --chip.', 2);
  return chip;
}

/** `sdkconfig` where there is one, else the files that ESP-IDF would make it of. */
async function readConfiguration(
  context: CliContext,
  root: string,
  dir: string,
  { sdkconfig, chip: stated, profile }: ReadProjectOptions,
): Promise<{ config: Sdkconfig; sources: readonly string[] }> {
  const read = async (path: string): Promise<string> =>
    new TextDecoder().decode(await readInput(context, path, 'configuration'));
  if (sdkconfig !== undefined)
    return { config: readSdkconfig([await read(sdkconfig)], true), sources: [pathOf(context, sdkconfig)] };
  const written = join(root, 'sdkconfig');
  // the project's sdkconfig is of one profile; of the other one, the layers tell
  if (await isThere(written)) {
    const config = readSdkconfig([await read(written)], true);
    const fits = profile === undefined || profile === profileOf(config);
    if (fits || !(await isThere(join(root, 'sdkconfig.release')))) return { config, sources: [written] };
  }
  const base = await readFile(join(root, 'sdkconfig.defaults'), 'utf8').catch(() => '');
  const chip = stated ?? readSdkconfig([base], false).text('IDF_TARGET') ?? 'esp32';
  const layers = profile === 'release' ? ['sdkconfig.defaults', 'sdkconfig.release'] : ['sdkconfig.defaults'];
  const candidates = layers.flatMap((name) => [join(root, name), join(root, `${name}.${chip}`)]);
  const sources: string[] = [];
  for (const path of candidates) if (await isThere(path)) sources.push(path);
  if (sources.length === 0) {
    const message = `"${dir}" has no sdkconfig and no sdkconfig.defaults.`;
    throw new CliError(message, 'Name the folder of an ESP-IDF project, or --sdkconfig FILE.', 2);
  }
  const texts = await Promise.all(sources.map(read));
  return { config: readSdkconfig([`CONFIG_IDF_TARGET="${chip}"`, ...texts], false), sources };
}

async function readSigningKey(
  config: Sdkconfig,
  root: string,
  shown: (path: string) => string,
): Promise<SigningKey | undefined> {
  const signed = config.isOn('SECURE_BOOT') || config.isOn('SECURE_SIGNED_APPS_NO_SECURE_BOOT');
  const name = config.text('SECURE_BOOT_SIGNING_KEY');
  if (!signed || name === undefined || !config.isOn('SECURE_BOOT_BUILD_SIGNED_BINARIES')) return undefined;
  const file = resolve(root, name);
  const path = shown(file);
  const pem = await readFile(file).catch(() => undefined);
  if (pem === undefined) return { path, kind: 'missing', pkcs8: false };
  const pkcs8 = pem.includes('-----BEGIN PRIVATE KEY-----');
  try {
    return { path, kind: kindOf(createPrivateKey(pem)), pkcs8 };
  } catch {
    // its message may quote what is in the file
    return { path, kind: 'unreadable', pkcs8 };
  }
}

function kindOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): SigningKey['kind'] {
  if (asymmetricKeyType === 'rsa') return asymmetricKeyDetails?.modulusLength === 3072 ? 'rsa3072' : 'other';
  if (asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'p256';
  return asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'p384' : 'other';
}

/** What `idf.py build` made; the folder need not be there unless it was named. */
async function readBuild(
  context: CliContext,
  root: string,
  stated: string | undefined,
  shown: (path: string) => string,
): Promise<{ application: BuiltApplication | undefined; bootloader: BuiltFile | undefined }> {
  const folder = stated === undefined ? join(root, 'build') : pathOf(context, stated);
  const description = await readFile(join(folder, 'project_description.json'), 'utf8').catch(() => undefined);
  if (description === undefined) {
    if (stated === undefined) return { application: undefined, bootloader: undefined };
    throw new CliError(`"${stated}" has no project_description.json.`, 'Name the folder that `idf.py build` made.', 2);
  }
  const name = /"app_bin"\s*:\s*"([\w.-]+)"/.exec(description)?.[1];
  const load = async (path: string): Promise<Uint8Array | undefined> =>
    (await isThere(path)) ? readInput(context, path, 'image') : undefined;
  const app = name === undefined ? undefined : await load(join(folder, name));
  const bootloader = await load(join(folder, 'bootloader', 'bootloader.bin'));
  return {
    application:
      app === undefined || name === undefined
        ? undefined
        : { path: shown(join(folder, name)), bytes: app.length, report: await reportImage(app) },
    bootloader:
      bootloader === undefined
        ? undefined
        : { path: shown(join(folder, 'bootloader', 'bootloader.bin')), bytes: bootloader.length },
  };
}
