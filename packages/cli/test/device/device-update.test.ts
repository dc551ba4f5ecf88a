import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { runMain } from '../run-main.js';
import { startHouse, type House, type Peer } from './house.js';

let house: House;
let peers: readonly Peer[];
const IDS = ['esp-001', 'esp-002', 'esp-003'];

beforeAll(async () => {
  house = await startHouse(IDS);
  peers = await Promise.all(IDS.map((id) => house.peer(id)));
});
afterAll(() => house.close());

const update = (...words: string[]) => runMain(house.cwd, ['device', 'update', ...house.options, ...words]);
const ends = (...outcomes: Parameters<Peer['updatesTo']>[0][]): void => {
  for (const [index, outcome] of outcomes.entries()) peers[index]?.updatesTo(outcome);
};

describe('secure-esp device update', () => {
  test('updates several at once and counts them', async () => {
    ends('confirmed', 'confirmed', 'none_newer');
    const { exitCode, stdout } = await update(...IDS);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/esp-001 .*1\.0\.0 -> 1\.1\.0, confirmed/);
    expect(stdout).toMatch(/esp-003 .*nothing newer is offered/);
    expect(stdout).toMatch(/3 of 3 done: 2 updated, 1 up to date, 0 failed\n$/);
  });

  test('what fails on one device does not keep it from the others, and fails the command', async () => {
    ends('confirmed', 'rolled_back', 'confirmed');
    const { exitCode, stdout, stderr } = await update('--all');
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/2 of 3 done: 2 updated, 0 up to date, 1 failed/);
    expect(stderr).toMatch(/1 of 3 updates failed: esp-002/);
  });

  test('begins no more after so many failures', async () => {
    ends('rolled_back', 'confirmed', 'confirmed');
    const { exitCode, stdout } = await update(
      ...IDS,
      ...['--concurrency', '1', '--stop-after-failures', '1', '--json'],
    );
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      ...{ updated: 0, upToDate: 0, failed: 1 },
      results: [
        {
          device: 'esp-001',
          ok: false,
          error: { code: 'rolled_back', reason: 'not_confirmed', run: 3, message: expect.any(String) as string },
        },
      ],
      skipped: ['esp-002', 'esp-003'],
    });
  });

  test('with --json prints the versions, and nothing else', async () => {
    ends('confirmed');
    const { exitCode, stdout } = await update('esp-001', '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      results: [{ device: 'esp-001', ok: true, updated: true, run: 4, from: '1.0.0', to: '1.1.0' }],
      skipped: [],
    });
  });

  test('updates as many at a time as --concurrency says', async () => {
    ends('confirmed', 'confirmed', 'confirmed');
    const begun: string[] = [];
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    for (const peer of peers) {
      const answer = peer.onCommand;
      peer.onCommand = async (command) => {
        if (command.leaf !== 'update/run') return command.reply({ ok: true });
        begun.push(peer.id);
        await held;
        return answer(command);
      };
    }
    const updating = update(...IDS, '--concurrency', '2', '--deadline', '60');
    try {
      await vi.waitFor(() => {
        expect(begun).toHaveLength(2);
      }, 20_000);
      // Whatever was sent to the third one before has arrived there by then.
      const fence = ['device', 'send', ...house.options, 'esp-003', 'update/interval', '600'];
      expect(await runMain(house.cwd, fence)).toMatchObject({ exitCode: 0 });
      expect([...begun].sort()).toEqual(['esp-001', 'esp-002']);
    } finally {
      release();
    }
    const { exitCode, stdout } = await updating;
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/3 of 3 done: 3 updated/);
    expect(begun).toHaveLength(3);
  });

  test.each([
    [[], /give ids or --all/],
    [['esp-001', '--all'], /give ids or --all/],
    [['esp-001', '--concurrency', '0'], /must be an integer in 1\.\.1000/],
    [['esp 1'], /is no device id/],
  ])('refuses %j', async (words, sentence) => {
    const { exitCode, stderr } = await update(...words);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(sentence);
  });
});
