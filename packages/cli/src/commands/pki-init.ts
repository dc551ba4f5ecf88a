import { initPki } from '@secure-esp/pki';
import { defaultSchemeForChip, type ChipName } from '@secure-esp/firmware-image';
import { join } from 'node:path';
import { print, type CliContext } from '../context.js';
import { pathOf } from '../files.js';

export interface PkiInitOptions {
  readonly dir: string;
  readonly host?: readonly string[];
  readonly device?: readonly string[];
  readonly chip?: readonly ChipName[];
}

/** `secure-esp pki init` */
export async function pkiInit(context: CliContext, options: PkiInitOptions): Promise<void> {
  const chips = options.chip ?? ['esp32'];
  const tree = await initPki({
    dir: pathOf(context, options.dir),
    chips,
    signal: context.signal,
    ...(options.host === undefined ? {} : { hosts: options.host }),
    ...(options.device === undefined ? {} : { devices: options.device }),
  });
  if (tree.created.length === 0) print(context, `Everything is there already in ${options.dir}; nothing was changed.`);
  else for (const path of tree.created) print(context, `made ${join(options.dir, path)}`);
  print(context, `devices: ${(await tree.devices()).join(', ')}`);
  for (const chip of chips) print(context, `${chip} images are signed with ${defaultSchemeForChip(chip)}`);
}
