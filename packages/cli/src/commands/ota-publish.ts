import type { ChipName } from '@secure-esp/firmware-image';
import {
  createFileFirmwareStore,
  createManifestSigner,
  GATE_HINTS,
  isGateCode,
  isOtaError,
  publishRelease,
} from '@secure-esp/ota-server';
import { openPki } from '@secure-esp/pki';
import { join } from 'node:path';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { openInput, pathOf, reasonOf } from '../files.js';
import { trustedOf } from '../keys.js';
import { printResult } from '../output.js';
import { createUploadDisplay } from '../terminal/upload-display.js';

export interface OtaPublishOptions {
  readonly dir: string;
  readonly firmware?: string;
  readonly name: string;
  readonly project?: string;
  readonly chip?: ChipName;
  readonly imageVersion?: string;
  readonly url: string;
  /** bytes */
  readonly slotSize?: number;
  readonly from?: readonly string[];
  readonly days: number;
  readonly dangerouslyAllowSameOrLowerVersion?: true;
  readonly json?: true;
}

const DAY_SECONDS = 24 * 60 * 60;

/** `secure-esp ota publish`: `file` is a path, or `-` for standard input. */
export async function otaPublish(context: CliContext, file: string, options: OtaPublishOptions): Promise<void> {
  const tree = await openPki(pathOf(context, options.dir));
  const trusted = await trustedOf(tree);
  const signer = await createManifestSigner(tree.releaseKey);
  const allow = options.dangerouslyAllowSameOrLowerVersion === true;
  if (allow) {
    context.stderr.write('secure-esp: warning: a version that is not higher is released; devices refuse it.\n');
  }
  const { stream, size, count } = await openInput(context, file, 'image');
  const display = createUploadDisplay(context, size);
  count((bytes) => {
    display.update(bytes);
  });
  const outcome = { released: true };
  try {
    const release = await publishRelease({
      store: createFileFirmwareStore({ dir: firmwareDir(context, options) }),
      image: stream,
      trusted,
      signer,
      name: options.name,
      url: options.url,
      expiresInSeconds: options.days * DAY_SECONDS,
      signal: context.signal,
      dangerouslyAllowSameOrLowerVersion: allow,
      onAlreadyReleased: () => {
        outcome.released = false;
      },
      ...(options.project === undefined ? {} : { project: options.project }),
      ...(options.chip === undefined ? {} : { chip: options.chip }),
      ...(options.imageVersion === undefined ? {} : { version: options.imageVersion }),
      ...(options.slotSize === undefined ? {} : { maxImageBytes: options.slotSize }),
      ...(options.from === undefined ? {} : { from: options.from }),
    });
    const what = `${release.project} ${release.version} for ${release.chip}`;
    printResult(context, options, { released: outcome.released, release }, [
      outcome.released
        ? `released ${what} as /${options.name}.bin`
        : `${what} is already released as ${release.seq} (/${options.name}.bin)`,
    ]);
  } catch (error) {
    throw explain(error, file);
  } finally {
    display.close();
  }
}

/** The library's sentence, and what to do. */
function explain(error: unknown, file: string): unknown {
  if (!isOtaError(error)) return error;
  const { code, message, cause } = error;
  if (isGateCode(code)) return new CliError(`${message} (${code})`, GATE_HINTS[code], 1, { cause: error });
  if (code !== 'upload_aborted') return error;
  return new CliError(`image "${file}" cannot be read: ${reasonOf(cause)}.`, 'Check the path.', 1, { cause: error });
}

/** Where a tree keeps its releases unless told otherwise. */
export const firmwareDir = (context: CliContext, options: { dir: string; firmware?: string }): string =>
  pathOf(context, options.firmware ?? join(options.dir, 'firmware'));
