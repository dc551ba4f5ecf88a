import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const venv = fileURLToPath(new URL('../../../../.venv/bin/', import.meta.url));
const candidates = [process.env['SECURE_ESP_ESPTOOL'], `${venv}esptool`, `${venv}esptool.py`];

/** Espressif's own tool, or `undefined` where it is not installed. */
export const esptool = candidates.find((path) => path !== undefined && path !== '' && existsSync(path));
export const esptoolTitle = (title: string): string =>
  esptool === undefined ? `${title} (skipped: esptool not found, set SECURE_ESP_ESPTOOL)` : title;

/** Version 4 spells its commands and options with underscores, and is installed as a `.py` file only. */
export const spelled = (name: string): string => (esptool?.endsWith('.py') === true ? name.replaceAll('-', '_') : name);

export const callEsptool = (...args: string[]): Promise<{ stdout: string }> =>
  promisify(execFile)(esptool ?? 'esptool', args);
