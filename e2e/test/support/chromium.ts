import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';

/** Path of an installed Chromium or Chrome; `CHROMIUM` names another. With `CI` set its absence fails. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM'];
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin'];
  const paths = folders.flatMap((folder) =>
    ['chromium', 'chromium-browser', 'google-chrome'].map((name) => join(folder, name)),
  );
  const found = [...(named === undefined ? [] : [named]), ...paths].find((path) => existsSync(path));
  if (found !== undefined) return found;
  const sentence = 'no Chromium (apt-get install chromium, or name it with CHROMIUM)';
  if (process.env['CI'] !== undefined) throw new Error(sentence);
  console.warn(`SKIPPED, ${sentence}`);
  return undefined;
}

/** Headless. Chromium's sandbox does not work for root. */
export const launchChromium = (executablePath: string): Promise<Browser> =>
  chromium.launch({ executablePath, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });
