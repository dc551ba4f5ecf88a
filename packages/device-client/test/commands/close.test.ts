import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { ReceivedCommand } from '../fixtures/device-peer.js';
import { eventually } from '../fixtures/eventually.js';
import { describeOnBrokers, failureOf, Opened } from '../fixtures/fleet.js';
import { ManualTimers } from '../fixtures/manual-timers.js';
import type { TestBroker } from '../fixtures/test-broker.js';

const opened = new Opened();
afterEach(() => opened.close());

describeOnBrokers('close with a deadline', (start) => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await start();
  });
  afterAll(() => broker.close());

  async function pending(id: string) {
    const timers = new ManualTimers();
    const peer = await opened.peer(broker, id);
    const client = await opened.client(broker, { timers });
    peer.onCommand = () => undefined;
    const device = client.device(id);
    const answer = device.restart().catch((error: unknown) => error);
    await eventually('the command arrives', () => peer.received.length === 1);
    return { timers, peer, client, device, answer, command: peer.received[0] as ReceivedCommand };
  }

  it('lets pending commands finish, refuses new ones at once, then says goodbye', async () => {
    const { timers, peer, client, device, answer, command } = await pending('close-1');
    const closed = client.close({ deadlineMs: 5_000 });
    for (const call of [device.restart(), device.status(), device.forget(), client.broadcast.restart()]) {
      expect(await failureOf(call)).toMatchObject({ code: 'closed' });
    }
    expect(client.connected).toBe(true);
    await peer.reply(command, { ok: true });
    expect(await answer).toEqual({ ok: true });
    await closed;
    expect([client.connected, timers.pending]).toEqual([false, 0]);
    expect(peer.received).toHaveLength(1);
  });

  it('rejects what is still pending at the deadline', async () => {
    const { timers, client, answer } = await pending('close-2');
    const closed = client.close({ deadlineMs: 5_000 });
    timers.advance(5_000);
    await closed;
    expect(await answer).toMatchObject({ code: 'closed' });
    expect(timers.pending).toBe(0);
  });

  it('does not wait where a second close is in a hurry, or nothing is pending', async () => {
    const { timers, client, answer } = await pending('close-3');
    const closed = client.close({ deadlineMs: 5_000 });
    await client.close();
    await closed;
    expect(await answer).toMatchObject({ code: 'closed' });
    await client.close({ deadlineMs: 5_000 });
    const idle = await opened.client(broker, { timers });
    await idle.close({ deadlineMs: 5_000 });
    expect(timers.pending).toBe(0);
  });

  it('takes no deadline of zero', async () => {
    const client = await opened.client(broker);
    expect(await failureOf(client.close({ deadlineMs: 0 }))).toMatchObject({ code: 'invalid_argument' });
  });
});
