import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const venv = fileURLToPath(new URL('../../../../.venv/bin/', import.meta.url));
const candidates = [process.env['SECURE_ESP_ESPSECURE'], `${venv}espsecure`, `${venv}espsecure.py`];

/** Espressif's signing tool, or `undefined` where it is not installed. */
export const espsecure = candidates.find((path) => path !== undefined && path !== '' && existsSync(path));
export const espsecureTitle = (title: string): string =>
  espsecure === undefined ? `${title} (skipped: espsecure not found, set SECURE_ESP_ESPSECURE)` : title;
/** CI has it: there a missing tool fails instead of skipping. */
export const skipWithoutEspsecure = espsecure === undefined && !process.env['CI'];

/** Version 4 spells its commands and options with underscores, and is installed as a `.py` file only. */
const spelled = (name: string): string => (espsecure?.endsWith('.py') === true ? name.replaceAll('-', '_') : name);

export const callEspsecure = (command: string, ...args: string[]): Promise<{ stdout: string }> =>
  promisify(execFile)(espsecure ?? 'espsecure', [spelled(command), ...args]);

export type EspsecureVersion = '1' | '2';

export const espsecureVerifies = async (version: EspsecureVersion, key: string, file: string): Promise<boolean> => {
  try {
    const { stdout } = await callEspsecure('verify-signature', '--version', version, '--keyfile', key, file);
    return /verified|verification successful|is valid/i.test(stdout);
  } catch (error) {
    // It exits with 1 or 2 for what it refuses; anything else, such as a missing file, is a broken test.
    if (error instanceof Error && 'code' in error && (error.code === 1 || error.code === 2)) return false;
    throw error;
  }
};

export const espsecureSigns = async (
  version: EspsecureVersion,
  key: string,
  [input, output]: readonly [string, string],
  { append = false } = {},
): Promise<void> => {
  const more = append ? [`--${spelled('append-signatures')}`] : [];
  await callEspsecure('sign-data', '--version', version, '--keyfile', key, ...more, '--output', output, input);
};
