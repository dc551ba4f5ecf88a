import {
  buildImage,
  compareVersions,
  defaultSchemeForChip,
  describesProduct,
  inspectImage,
  parseVersion,
  signImage,
  type ChipName,
} from '@secure-esp/firmware-image';
import { signerFromPem } from '@secure-esp/firmware-image/node';
import type { PkiTree } from '@secure-esp/pki';
import { createHash } from 'node:crypto';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { readInput } from '../files.js';

const FIRST_VERSION = '1.0.0';
const NEXT_VERSION = '1.1.0';
/** Enough that a download takes a moment that can be watched. */
const APP_BYTES = 192 * 1024;

/** What the devices run at first, and what they are offered. Both signed. */
export interface DemoImages {
  readonly chip: ChipName;
  readonly scheme: string;
  readonly project: string;
  readonly installed: Uint8Array;
  readonly installedVersion: string;
  readonly offered: Uint8Array;
  readonly offeredVersion: string;
  /** Stated in the manifest because the descriptor's version means nothing. */
  readonly statedVersion?: string;
}

interface Plan {
  readonly chip: ChipName;
  readonly project: string;
  readonly installedVersion: string;
  readonly offeredVersion: string;
  readonly stated: boolean;
  readonly offered?: Uint8Array;
}

/** Builds 1.0.0 and 1.1.0, or takes a real image as the offer and builds what runs before it. */
export async function makeImages(
  context: CliContext,
  tree: PkiTree,
  options: { image?: string; imageVersion?: string },
): Promise<DemoImages> {
  const plan =
    options.image === undefined
      ? {
          chip: 'esp32' as const,
          project: 'secure_esp',
          installedVersion: FIRST_VERSION,
          offeredVersion: NEXT_VERSION,
          stated: false,
        }
      : await planFor(await readInput(context, options.image, 'image'), options.image, options.imageVersion);
  return signed(plan, tree);
}

async function signed(plan: Plan, tree: PkiTree): Promise<DemoImages> {
  const { chip, project, installedVersion, offeredVersion } = plan;
  const scheme = defaultSchemeForChip(chip);
  if (scheme === 'v2-ecdsa-p384') throw new CliError(`${chip} has no signature scheme that the demo has a key for.`);
  const signer = signerFromPem(await tree.ensureFirmwareKey(scheme), scheme);
  const build = (version: string): Promise<Uint8Array> =>
    buildImage({ chip, project, version, payload: appBytes(version) });
  return {
    chip,
    scheme,
    project,
    installed: await signImage(await build(installedVersion), signer),
    installedVersion,
    // The demo's devices trust the demo's keys: whoever signed the image before does not count here.
    offered: await signImage(plan.offered ?? (await build(offeredVersion)), signer, { existing: 'replace' }),
    offeredVersion,
    ...(plan.stated ? { statedVersion: offeredVersion } : {}),
  };
}

/** Project and chip come from the image; so does the version, if it is one. */
async function planFor(image: Uint8Array, path: string, imageVersion: string | undefined): Promise<Plan> {
  const { chip, descriptor } = await inspectImage(image);
  if (chip === undefined || descriptor === undefined) {
    throw new CliError(
      `image "${path}" has no known chip or no app descriptor.`,
      'Offer an application image, not a bootloader or a merged one.',
    );
  }
  if (descriptor.projectName === '') {
    throw new CliError(
      `image "${path}" names no project, so a device could not tell it from another product's.`,
      'Set the project name where it is built.',
    );
  }
  const usable = describesProduct(descriptor) && parseVersion(descriptor.version) !== undefined;
  const offeredVersion = imageVersion ?? (usable ? descriptor.version : NEXT_VERSION);
  const offered = parseVersion(offeredVersion);
  if (offered === undefined) throw new CliError(`"${offeredVersion}" is not a version.`, 'State one such as 1.2.3.', 2);
  const installedVersion = [FIRST_VERSION, '0.0.1', '0.0.0'].find((candidate) => {
    const version = parseVersion(candidate);
    return version !== undefined && compareVersions(version, offered) < 0;
  });
  if (installedVersion === undefined)
    throw new CliError(`no version is lower than "${offeredVersion}".`, 'State a higher one with --image-version.', 2);
  return {
    chip,
    project: descriptor.projectName,
    installedVersion,
    offeredVersion,
    stated: offeredVersion !== descriptor.version,
    offered: image,
  };
}

/** The same bytes for the same version, different ones for another: what a compiler would do. */
const appBytes = (version: string): Uint8Array =>
  Buffer.alloc(APP_BYTES, createHash('sha512').update(version).digest());
