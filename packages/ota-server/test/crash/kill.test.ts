import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../fixtures/temporary-directory.js';
import { buildPublisher, expectNoLeftovers, expectSound, prepare, publishNext, startPublisher } from './harness.js';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';

const KILLS = Number(process.env['SECURE_ESP_KILLS'] ?? 15);
const SEED = Number(process.env['SECURE_ESP_SEED'] ?? Math.floor(Math.random() * 0x7fff_ffff));
/** A child is given that long to live at most after it is ready: some twenty publishes. */
const MAX_LIFE_MS = 250;

/** Uniform numbers in `[0, 1)` from a seed (mulberry32). */
const seeded = (seed: number): (() => number) => {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b_79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
};

let bundle = '';
let program = '';
beforeAll(async () => {
  bundle = await mkdtemp(join(tmpdir(), 'ota-publisher-'));
  program = await buildPublisher(bundle);
  return () => rm(bundle, { recursive: true, force: true });
});

describe('a publisher that is killed', () => {
  it(
    `at ${KILLS} random moments (seed ${SEED}) never shows half a release, and loses none that it acknowledged`,
    async () => {
      console.log(`kill -9 at ${KILLS} random moments, SECURE_ESP_SEED=${SEED}`);
      const dir = await temporaryDirectory();
      await prepare(dir);
      const random = seeded(SEED);
      const known = new Set<number | string>();
      let acknowledged = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const publisher = startPublisher([process.execPath, program], { DIR: dir, MODE: 'forever' });
        await publisher.nextLine();
        await delay(random() * MAX_LIFE_MS);
        publisher.child.kill('SIGKILL');
        expect(await publisher.ended).toBe(null);
        const releases = await expectSound(dir, known);
        for (const line of publisher.lines.slice(1)) {
          const [, seq, sha256] = line.split(' ');
          expect(releases[Number(seq) - 1]).toMatchObject({ seq: Number(seq), sha256 });
          acknowledged += 1;
        }
        await publishNext(dir);
      }
      expect(acknowledged).toBeGreaterThan(0);
      await expectNoLeftovers(dir);
      await expectSound(dir);
    },
    30_000 + KILLS * 5000,
  );

  it('at every step of one upload: the release is there as a whole or not at all, and trying again makes it once', async () => {
    const dir = await temporaryDirectory();
    await prepare(dir);
    let step = 0;
    let visibleFrom = Infinity;
    for (; ; step += 1) {
      const publisher = startPublisher([process.execPath, program], { DIR: dir, MODE: 'stream', DIE_AT: String(step) });
      const code = await publisher.ended;
      const releases = await expectSound(dir);
      expect(await readdir(join(dir, 'staging'))).toEqual([]);
      if (releases.length === 1) visibleFrom = Math.min(visibleFrom, step);
      expect(releases).toHaveLength(step < visibleFrom ? 0 : 1);
      if (code === 0) {
        expect(publisher.lines).toEqual([`released 1 ${releases[0]?.sha256 ?? ''}`]);
        break;
      }
      expect(publisher.lines).toEqual([]);
    }
    // Nine of the source, three each of image and record, and one when the record is there.
    expect(visibleFrom).toBe(15);
    await expectNoLeftovers(dir);
  }, 120_000);
});

describe.skipIf(process.platform === 'win32')('a disk that takes no more (a file size limit stands in for it)', () => {
  it.each(['stream', 'bytes'])(
    '%s: nothing of it is visible or left, and with room again it is released',
    async (mode) => {
      const dir = await temporaryDirectory();
      await prepare(dir);
      const limited = ['bash', '-c', 'ulimit -f 64; exec "$0" "$1"', process.execPath, program];
      const full = startPublisher(limited, { DIR: dir, MODE: mode });
      await full.ended;
      expect(full.lines).toEqual(['failed store_failed']);
      expect(await expectSound(dir)).toEqual([]);
      for (const folder of ['staging', 'store/tmp', 'store/images']) {
        expect(await readdir(join(dir, folder)).catch(() => [])).toEqual([]);
      }
      const roomy = startPublisher([process.execPath, program], { DIR: dir, MODE: mode });
      await roomy.ended;
      expect(roomy.lines).toEqual([expect.stringMatching(/^released 1 /)]);
      expect(await expectSound(dir)).toHaveLength(1);
    },
  );
});

describe('twenty uploads at once', () => {
  it('hold the memory of a few images, and make one release of one file', async () => {
    const dir = await temporaryDirectory();
    const imageBytes = 3_000_000;
    await prepare(dir, imageBytes);
    const env = { DIR: dir, MODE: 'crowd', COUNT: '20' };
    const publisher = startPublisher([process.execPath, '--expose-gc', program], env);
    expect(await publisher.ended).toBe(0);
    const [most = ''] = publisher.lines.filter((line) => line.startsWith('most '));
    expect(publisher.lines.filter((line) => line.startsWith('released 1 '))).toHaveLength(20);
    expect(Number(most.split(' ')[1])).toBeLessThan(6 * imageBytes);
    expect(await expectSound(dir)).toHaveLength(1);
  }, 60_000);
});
