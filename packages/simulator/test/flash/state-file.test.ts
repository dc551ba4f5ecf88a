import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { boot } from '../../src/flash/bootloader.js';
import { openFileFlash } from '../../src/flash/device-flash.js';
import type { FactoryImage } from '../../src/flash/factory.js';
import { openNvs } from '../../src/flash/nvs.js';
import { bundleProgram } from '../support/bundle.js';
import { appImage } from '../support/images.js';

let dir: string;
let factory: FactoryImage;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'sesp-flash-'));
  factory = { deviceId: 'esp-001', slotBytes: 128 * 1024, firmware: await appImage('1.0.0'), nvs: [] };
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe('a state file', () => {
  it('is programmed once, keeps what is written, and releases its lock', () => {
    const path = join(dir, 'deep', 'er', 'once.flash');
    const first = openFileFlash(path, { ...factory, nvs: [{ key: 'made', value: Buffer.from('here') }] });
    openNvs(first.flash, first.layout.nvs).set('url', Buffer.from('https://a'));
    first.close();
    first.close();
    expect(existsSync(`${path}.lock`)).toBe(false);
    const second = openFileFlash(path, { ...factory, firmware: new Uint8Array(3) });
    const nvs = openNvs(second.flash, second.layout.nvs);
    expect(Buffer.from(nvs.get('url') ?? '').toString()).toBe('https://a');
    expect(Buffer.from(nvs.get('made') ?? '').toString()).toBe('here');
    expect(boot(second.flash, second.layout).slot).toBe('ota_0');
    second.close();
  });

  it('is a plain dump of the flash, readable by its owner only, and short while the second slot is empty', () => {
    const path = join(dir, 'dump.flash');
    openFileFlash(path, factory).close();
    const bytes = readFileSync(path);
    expect(bytes.subarray(64 * 1024, 64 * 1024 + factory.firmware.length)).toEqual(Buffer.from(factory.firmware));
    expect(bytes.length).toBeLessThan(128 * 1024);
  });

  it('cannot be open twice', () => {
    const path = join(dir, 'twice.flash');
    const open = openFileFlash(path, factory);
    expect(() => openFileFlash(path, factory)).toThrow(expect.objectContaining({ code: 'state_file_locked' }));
    open.close();
    openFileFlash(path, factory).close();
  });

  it('is taken over from a process that died', () => {
    const path = join(dir, 'orphan.flash');
    openFileFlash(path, factory).close();
    for (const owner of ['4194305 1 gone', '1 0 recycled-id', '', 'nonsense']) {
      writeFileSync(`${path}.lock`, owner);
      openFileFlash(path, factory).close();
    }
  });

  it.each([
    [
      'of another device',
      (): void => {
        openFileFlash(join(dir, 'other.flash'), { ...factory, deviceId: 'esp-002' }).close();
      },
    ],
    [
      'that is something else',
      (): void => {
        writeFileSync(join(dir, 'other.flash'), 'my diary'.repeat(100));
      },
    ],
    [
      'that is empty',
      (): void => {
        writeFileSync(join(dir, 'other.flash'), '');
      },
    ],
  ])('%s is refused and left alone', (_what, make) => {
    const path = join(dir, 'other.flash');
    make();
    const before = readFileSync(path);
    expect(() => openFileFlash(path, factory)).toThrow(expect.objectContaining({ code: 'state_file' }));
    expect(readFileSync(path).equals(before)).toBe(true);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  it('is not made from firmware that would not boot or does not fit', () => {
    const path = join(dir, 'never.flash');
    for (const firmware of [new Uint8Array(100), new Uint8Array(200_000)]) {
      expect(() => openFileFlash(path, { ...factory, firmware })).toThrow(
        expect.objectContaining({ code: 'bad_option' }),
      );
    }
    expect(existsSync(path)).toBe(false);
    expect(existsSync(`${path}.new`)).toBe(false);
  });

  it('survives SIGKILL at any moment: it boots, and nothing durable is lost', async () => {
    const program = await bundleProgram('flash-worker', dir);
    const path = join(dir, 'killed.flash');
    const arguments_ = [program, path, Buffer.from(factory.firmware).toString('base64')];
    for (let round = 0; round < 12; round += 1) {
      const child = spawn(process.execPath, arguments_, { stdio: ['ignore', 'pipe', 'inherit'] });
      const exited = new Promise((resolve) => child.once('exit', resolve));
      let said = -1;
      const lines = createInterface(child.stdout);
      const first = new Promise<void>((resolve) => {
        lines.on('line', (line) => {
          said = Number(line);
          resolve();
        });
      });
      await Promise.race([first, exited]);
      expect(() => openFileFlash(path, factory)).toThrow(expect.objectContaining({ code: 'state_file_locked' }));
      setTimeout(() => child.kill('SIGKILL'), round * 3);
      await exited;
      const opened = openFileFlash(path, factory);
      const { flash, layout } = opened;
      expect(boot(flash, layout).image.descriptor?.version).toBe('1.0.0');
      const count = Number(Buffer.from(openNvs(flash, layout.nvs).get('count') ?? '-1').toString());
      expect(said).toBeGreaterThanOrEqual(0);
      expect(count).toBeGreaterThanOrEqual(said);
      opened.close();
    }
  }, 30_000);
});
