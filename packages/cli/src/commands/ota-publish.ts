import type { ChipName } from '@secure-esp/firmware-image';
import { createFileFirmwareStore, createManifestSigner, publishRelease } from '@secure-esp/ota-server';
import { openPki } from '@secure-esp/pki';
import { join } from 'node:path';
import { print, type CliContext } from '../context.js';
import { pathOf, readInput } from '../files.js';
import { trustedOf } from '../keys.js';

export interface OtaPublishOptions {
  readonly dir: string;
  readonly firmware?: string;
  readonly name: string;
  readonly project?: string;
  readonly chip?: ChipName;
  readonly imageVersion?: string;
  readonly url: string;
}

/** `secure-esp ota publish` */
export async function otaPublish(context: CliContext, file: string, options: OtaPublishOptions): Promise<void> {
  const image = await readInput(context, file, 'image');
  const tree = await openPki(pathOf(context, options.dir));
  const release = await publishRelease({
    store: createFileFirmwareStore({ dir: firmwareDir(context, options) }),
    image,
    trusted: await trustedOf(tree),
    signer: await createManifestSigner(tree.releaseKey),
    name: options.name,
    url: options.url,
    ...(options.project === undefined ? {} : { project: options.project }),
    ...(options.chip === undefined ? {} : { chip: options.chip }),
    ...(options.imageVersion === undefined ? {} : { version: options.imageVersion }),
  });
  print(context, `released ${release.project} ${release.version} for ${release.chip} as /${options.name}.bin`);
}

/** Where a tree keeps its releases unless told otherwise. */
export const firmwareDir = (context: CliContext, options: { dir: string; firmware?: string }): string =>
  pathOf(context, options.firmware ?? join(options.dir, 'firmware'));
