import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startEspsecureServer, type EspsecureAnswer, type EspsecureServer } from './espsecure-server.js';

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

/** A Python that has imported the tool, where it is the one of our own environment. */
const canServe = espsecure === `${venv}espsecure` && existsSync(`${venv}python3`);
let server: EspsecureServer | undefined;

const runOnce = async (args: readonly string[]): Promise<EspsecureAnswer> => {
  try {
    const { stdout } = await promisify(execFile)(espsecure ?? 'espsecure', args);
    return { code: 0, stdout };
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && typeof error.code === 'number')) throw error;
    return { code: error.code, stdout: error.message };
  }
};

const answer = (command: string, args: readonly string[]): Promise<EspsecureAnswer> => {
  const line = [spelled(command), ...args];
  if (!canServe) return runOnce(line);
  server ??= startEspsecureServer(`${venv}python3`);
  return server.run(line);
};

export const callEspsecure = async (command: string, ...args: string[]): Promise<{ stdout: string }> => {
  const { code, stdout } = await answer(command, args);
  if (code !== 0) throw new Error(`espsecure ${command} ended with ${String(code)}: ${stdout}`);
  return { stdout };
};

export type EspsecureVersion = '1' | '2';

export const espsecureVerifies = async (version: EspsecureVersion, key: string, file: string): Promise<boolean> => {
  const { code, stdout } = await answer('verify-signature', ['--version', version, '--keyfile', key, file]);
  if (code === 0) return /verified|verification successful|is valid/i.test(stdout);
  // It exits with 1 or 2 for what it refuses; a missing file is a broken test.
  if ((code === 1 || code === 2) && existsSync(key) && existsSync(file)) return false;
  throw new Error(`espsecure verify-signature ended with ${String(code)}: ${stdout}`);
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
