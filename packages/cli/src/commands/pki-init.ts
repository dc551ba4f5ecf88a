import { initPki } from '@secure-esp/pki';
import { defaultSchemeForChip, type ChipName } from '@secure-esp/firmware-image';
import { join } from 'node:path';
import type { CliContext } from '../context.js';
import { pathOf } from '../files.js';
import { printResult } from '../output.js';

export interface PkiInitOptions {
  readonly dir: string;
  readonly host?: readonly string[];
  readonly device?: readonly string[];
  readonly chip?: readonly ChipName[];
  readonly json?: true;
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
  const made = tree.created.map((path) => join(options.dir, path));
  const devices = await tree.devices();
  const schemes = Object.fromEntries(chips.map((chip) => [chip, defaultSchemeForChip(chip)]));
  printResult(context, options, { dir: options.dir, made, devices, schemes }, [
    ...(made.length === 0
      ? [`Everything is there already in ${options.dir}; nothing was changed.`]
      : made.map((path) => `made ${path}`)),
    `devices: ${devices.join(', ')}`,
    ...Object.entries(schemes).map(([chip, scheme]) => `${chip} images are signed with ${scheme}`),
  ]);
}
