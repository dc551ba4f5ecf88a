import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { eventually } from '../fixtures/eventually.js';
import { describeOnBrokers, Opened } from '../fixtures/fleet.js';
import type { TestBroker } from '../fixtures/test-broker.js';

const opened = new Opened();
afterEach(() => opened.close());

describeOnBrokers('update states of a device', (start) => {
  let broker: TestBroker;
  beforeAll(async () => {
    broker = await start();
  });
  afterAll(() => broker.close());

  it('begin with the stored one and go on with every step', async () => {
    const peer = await opened.peer(broker, 's1');
    await peer.state({ run: 1, state: 'confirmed', to: '1.0.0' });
    const client = await opened.client(broker);
    const seen: string[] = [];
    for await (const { run, state } of client.device('s1').states()) {
      seen.push(`${String(run)} ${state}`);
      if (seen.length === 1) {
        for (const next of ['checking', 'downloading', 'failed'] as const) await peer.state({ run: 2, state: next });
      }
      if (state === 'failed') break;
    }
    expect(seen).toEqual(['1 confirmed', '2 checking', '2 downloading', '2 failed']);
  });

  it('are bounded for a slow reader, who is told how many are lost', async () => {
    const peer = await opened.peer(broker, 's2');
    const client = await opened.client(broker);
    const counts: number[] = [];
    const slow = client.device('s2').states({ queueSize: 2, onDropped: (count) => counts.push(count) });
    const fast = client.device('s2').states();
    await Promise.all([slow.ready, fast.ready]);
    for (let run = 1; run <= 9; run += 1) await peer.state({ run, state: 'checking' });
    for await (const { run } of fast) if (run === 9) break;
    expect(slow.dropped).toBe(0);
    const runs: number[] = [];
    for await (const { run } of slow) {
      runs.push(run);
      if (run === 9) break;
    }
    expect(runs).toEqual([8, 9]);
    expect([counts, slow.dropped, fast.dropped]).toEqual([[7], 7, 0]);
  });

  it('are lost without a report only while nobody is subscribed', async () => {
    const peer = await opened.peer(broker, 's3');
    const client = await opened.client(broker);
    const stream = client.device('s3').states();
    await stream.ready;
    await stream.close();
    await peer.state({ run: 1, state: 'checking' });
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    const again = client.device('s3').states();
    const first = again.next();
    await eventually('it is connected', () => client.connected);
    expect(await first).toMatchObject({ value: { run: 1 } });
    await again.close();
  });
});
