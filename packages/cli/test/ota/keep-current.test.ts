import { openPki } from '@secure-esp/pki';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { keepCurrent, type KeepCurrentEvent, revocationMark } from '../../src/ota/keep-current.js';
import { untilOf } from '../../src/ota/serve-settings.js';
import { revokedInTree } from '../../src/ota/tree-revocation.js';
import type { TreeChange, UpdateService } from '../../src/ota/update-service.js';
import { runMain, temporaryFolder } from '../run-main.js';

async function freshTree(...init: string[]) {
  const cwd = await temporaryFolder();
  await runMain(cwd, ['pki', 'init', ...init]);
  return { cwd, tree: await openPki(join(cwd, '.secure-esp')) };
}

/** A service that only takes note; its first `failures` changes fail. */
async function follow(failures = 0) {
  const { cwd, tree } = await freshTree('--device', 'a');
  const changes: TreeChange[] = [];
  const events: KeepCurrentEvent[] = [];
  let left = failures;
  const service: UpdateService = {
    port: 0,
    apply(change) {
      if (left-- > 0) return Promise.reject(new Error('a process did not answer'));
      changes.push(change);
      return Promise.resolve({ closed: 3 });
    },
    listening: () => 1,
    metrics: () => Promise.resolve([]),
    failed: new Promise(() => undefined),
    close: () => Promise.resolve(),
  };
  const stop = new AbortController();
  let rotate: () => void = () => undefined;
  const following = keepCurrent(tree, service, {
    mark: await revocationMark(tree),
    signal: stop.signal,
    onEvent: (event) => events.push(event),
    pollMs: 1,
    rotateTicketsMs: 77,
    // the test decides when ticket keys are old; all others wait a moment
    delay: (ms, signal) =>
      new Promise((resolve) => {
        if (ms === 77) rotate = resolve;
        else setTimeout(resolve, 1);
        if (ms === 77) signal.addEventListener('abort', rotate, { once: true });
      }),
  });
  onTestFinished(async () => {
    stop.abort();
    await following;
  });
  return {
    cwd,
    changes,
    events,
    rotate: () => {
      rotate();
    },
  };
}

test('a revocation gives new ticket keys and is said with the number of ended connections', async () => {
  const { cwd, changes, events } = await follow();
  await runMain(cwd, ['pki', 'revoke', 'a']);
  await expect.poll(() => events).toContainEqual({ type: 'revocations_changed', closed: 3 });
  expect(changes[0]).toMatchObject({ certificates: false });
  expect(changes[0]?.ticketKeys).toHaveLength(48);
});

test('ticket keys do not get old, and no two are the same', async () => {
  const { changes, events, rotate } = await follow();
  for (let count = 1; count <= 3; count++) {
    rotate();
    await expect.poll(() => events.filter(({ type }) => type === 'ticket_keys_rotated')).toHaveLength(count);
  }
  expect(new Set(changes.map(({ ticketKeys }) => ticketKeys.toString('hex'))).size).toBe(3);
});

test('a change that failed is said and tried again', async () => {
  const { cwd, events } = await follow(1);
  await runMain(cwd, ['pki', 'revoke', 'a']);
  await expect
    .poll(() => events)
    .toEqual([
      { type: 'revocations_failed', reason: 'a process did not answer' },
      { type: 'revocations_changed', closed: 3 },
    ]);
});

test('who is revoked, or not on record, is refused; the others are not', async () => {
  const { cwd, tree } = await freshTree('--device', 'a', '--device', 'b');
  await runMain(cwd, ['pki', 'revoke', 'a']);
  const isRevoked = revokedInTree(tree);
  const verdicts: Record<string, boolean> = {};
  for await (const { serial, commonName } of tree.inventory({})) {
    verdicts[commonName] = await isRevoked({ cn: commonName, serial: serial.toLowerCase() });
  }
  expect(verdicts).toMatchObject({ a: true, b: false, operator: false });
  expect(await isRevoked({ cn: 'c', serial: '00C0FFEE' })).toBe(true);
  expect(await isRevoked({ cn: 'c' })).toBe(true);
});

test.each([
  ['2030-01-31', '2030-02-01T00:00:00.000Z'],
  ['2028-02-29', '2028-03-01T00:00:00.000Z'],
  ['2030-01-31T12:00:00Z', '2030-01-31T12:00:00.000Z'],
  ['2030-01-31T12:00+02:00', '2030-01-31T10:00:00.000Z'],
])('--until %s is %s', (text, expected) => {
  expect(untilOf(text).toJSON()).toBe(expected);
});

test.each(['', '2030', '2030-13-01', '2030-02-29', '2030-01-31T12:00', '2030-01-31T25:00Z', '31.1.2030'])(
  '--until %j is refused',
  (text) => {
    expect(() => untilOf(text)).toThrow('--until must be');
  },
);
