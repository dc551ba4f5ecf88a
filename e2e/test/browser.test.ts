import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findChromium, launchChromium } from './support/chromium.js';
import { hasTools, workspaceRoot } from './support/environment.js';
import { House, type HouseAddresses } from './support/house.js';
import { installPacked } from './support/packed.js';

const chromium = findChromium();
const kinds = hasTools('mosquitto') ? ['embedded', 'mosquitto'] : ['embedded'];

/**
 * An operator's page in a real browser, made of what users get: the packed SDK, bundled by esbuild, over `wss://` with the
 * operator's certificate. It is presented by Playwright, which ends TLS in front of the broker for the page: a headless
 * Chromium asks nobody which certificate to take, and takes one by itself only if an administrator's policy says so.
 */
describe.skipIf(chromium === undefined)('the SDK in a page in Chromium, from the packed packages', () => {
  let dir: string;
  let browser: Browser;

  beforeAll(async () => {
    dir = await installPacked('browser', { type: 'module' });
    for (const name of ['house.mjs', 'page.mjs', 'page.html']) {
      await copyFile(join(workspaceRoot, 'e2e/browser', name), join(dir, name));
    }
    await build({
      ...{ absWorkingDir: dir, entryPoints: ['page.mjs'], outfile: 'page.js' },
      ...{ bundle: true, format: 'esm', platform: 'browser', target: 'es2022', minify: true },
    });
    browser = await launchChromium(chromium ?? '');
  }, 300_000);
  afterAll(async () => {
    await browser.close();
    await rm(dir, { recursive: true, force: true });
  });

  describe.each(kinds)('%s', (kind) => {
    let house: House;
    let addresses: HouseAddresses;
    let context: BrowserContext;
    let page: Page;
    /** Calls a function of the page. */
    const call = (name: string, ...args: readonly unknown[]): Promise<unknown> =>
      page.evaluate(`panel.${name}(...${JSON.stringify(args)})`);
    const open = async (withCertificate: boolean): Promise<BrowserContext> => {
      const { broker, operator } = addresses;
      const [certPath, keyPath] = operator;
      const clientCertificates = [{ origin: broker.replace('wss:', 'https:'), certPath, keyPath }];
      // The installation's own CA is not among the browser's.
      return browser.newContext({ ignoreHTTPSErrors: true, ...(withCertificate ? { clientCertificates } : {}) });
    };

    beforeAll(async () => {
      house = new House(dir, kind);
      addresses = (await house.next()) as HouseAddresses;
      context = await open(true);
      page = await context.newPage();
      await page.goto(addresses.origin);
    });
    afterAll(async () => {
      await context.close();
      expect(await house.stop()).toBe(0);
    });

    test('needs nothing of Node', async () => {
      expect(await call('globals')).toEqual([]);
    });

    test('connects, commands a device and gets its reply', async () => {
      expect(await call('connect', `${addresses.broker}/mqtt`)).toEqual({ value: null });
      expect(await call('status')).toMatchObject({ value: { online: true, project: 'secure_esp', version: '1.0.0' } });
      expect(await call('interval', 3_600)).toEqual({ value: { ok: true } });
      expect(await call('settings')).toMatchObject({ value: { interval: 3_600 } });
    });

    test('gets the device’s refusals, typed', async () => {
      expect(await call('interval', 1)).toEqual({
        ...{ command: true, code: 'out_of_range' },
        detail: expect.stringContaining('from 300 to') as unknown,
      });
      expect(await call('useUrl', 1)).toMatchObject({ command: true, code: 'no_url' });
    });

    test('follows the log, over a broken connection too', async () => {
      await call('watch');
      await call('interval', 600);
      await page.waitForFunction('panel.lines.some((line) => line.includes("Update Interval set: 600"))');
      expect(await house.ask('cut')).toEqual({ cut: 1 });
      await page.waitForFunction('panel.changes.join() === "connected,reconnecting,connected"');
      expect(await call('interval', 700)).toEqual({ value: { ok: true } });
      await page.waitForFunction('panel.lines.some((line) => line.includes("Update Interval set: 700"))');
    });

    test('says goodbye', async () => {
      expect(await call('close')).toEqual({ value: null });
      await page.waitForFunction('panel.changes.at(-1) === "closed"');
    });

    test('a browser without the certificate does not get in', async () => {
      const other = await open(false);
      const stranger = await other.newPage();
      await stranger.goto(addresses.origin);
      const outcome = await stranger.evaluate(`panel.connect(${JSON.stringify(`${addresses.broker}/mqtt`)})`);
      await other.close();
      expect(outcome).toMatchObject({ command: false, code: 'refused' });
    });

    test('a page of somebody else does not get in with the operator’s certificate', async () => {
      const evil = await context.newPage();
      await evil.goto(addresses.origin.replace('localhost', '127.0.0.1'));
      const outcome = await evil.evaluate(`panel.connect(${JSON.stringify(`${addresses.broker}/mqtt`)})`);
      await evil.close();
      const { denied } = (await house.ask('denied')) as { denied: string[] };
      expect(denied).toContainEqual(expect.stringMatching(/pages of "https:\/\/127.0.0.1:\d+" may not connect/));
      expect(outcome).toMatchObject({ command: false, code: 'refused' });
    });
  });
});
