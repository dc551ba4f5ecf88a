import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mosquittoMissing, startMosquitto, type MosquittoTestBroker } from '../fixtures/test-broker.js';
import { FLAPS, NETWORK_FAULTS, type NetworkFault } from './support/network-faults.js';
import { inParallel } from './support/parallel.js';
import { runScenario, type ScenarioOptions } from './support/scenario.js';

const missing = process.env['CI'] === undefined ? mosquittoMissing() : undefined;

/** Runs at a time: most of a run is waiting. */
const WIDTH = 24;

describe.skipIf(missing !== undefined)(
  `every packet of a client's life${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let broker: MosquittoTestBroker;
    let packets: readonly string[] = [];
    const resourcesBefore = process.getActiveResourcesInfo();

    beforeAll(async () => {
      broker = await startMosquitto();
      const clean = await runScenario({ broker });
      expect(clean.violations).toEqual([]);
      packets = clean.packets;
    });
    afterAll(() => broker.close());

    const cutPoints = (): number[] => packets.map((_, index) => index + 1);

    async function sweep(
      points: readonly number[],
      run: (point: number) => Promise<Omit<ScenarioOptions, 'broker'> & { broker?: MosquittoTestBroker }>,
    ): Promise<void> {
      const failures: string[] = [];
      await inParallel(points, WIDTH, async (point) => {
        const { broker: own, ...options } = await run(point);
        const report = await runScenario({ broker: own ?? broker, ...options });
        await own?.close();
        if (report.violations.length === 0) return;
        const where = `before packet ${String(point)} (${packets[point - 1] ?? 'none'})`;
        failures.push(`${where}: ${report.violations.join('; ')} [${report.outcomes.join(', ')}]`);
      });
      expect(failures).toEqual([]);
    }

    it('are all those of a command, a broadcast and a ping', () => {
      console.log(
        `network faults: ${String(packets.length)} cut points x ${String(NETWORK_FAULTS.length)} faults, and flapping:\n  ${packets.join('\n  ')}`,
      );
      for (const kind of ['connect', 'subscribe', 'publish', 'puback', 'pingreq', 'disconnect']) {
        expect(packets.some((name) => name.startsWith(`client ${kind}`))).toBe(true);
      }
      for (const kind of ['connack', 'suback', 'publish', 'puback', 'pingresp']) {
        expect(packets.some((name) => name.startsWith(`broker ${kind}`))).toBe(true);
      }
    });

    it.each(NETWORK_FAULTS.map((fault): [string, NetworkFault] => [fault.name, fault]))(
      'may be hit by: %s',
      async (_, fault) => {
        await sweep(cutPoints(), async (before) => ({
          strikes: [{ fault, before }],
          ...(fault.hitsBroker ? { broker: await startMosquitto() } : {}),
        }));
      },
    );

    it.each(NETWORK_FAULTS.filter(({ tells }) => tells).map((fault): [string, NetworkFault] => [fault.name, fault]))(
      'may be hit while calls wait in the offline queue by: %s',
      async (_, fault) => {
        await sweep(cutPoints(), async (before) => ({
          queue: true,
          strikes: [{ fault, before }],
          ...(fault.hitsBroker ? { broker: await startMosquitto() } : {}),
        }));
      },
    );

    it('may be the last one of four connections in a row', async () => {
      await sweep(cutPoints(), (before) => Promise.resolve({ flap: { before, times: FLAPS } }));
    });

    it('leaves no handle in this process', async () => {
      await broker.close();
      const count = (resources: readonly string[], kind: string): number =>
        resources.filter((one) => one === kind).length;
      for (const kind of ['TCPSocketWrap', 'TCPServerWrap', 'Timeout', 'ProcessWrap', 'GetAddrInfoReqWrap']) {
        await expect
          .poll(() => count(process.getActiveResourcesInfo(), kind), { timeout: 10_000 })
          .toBeLessThanOrEqual(count(resourcesBefore, kind) + (kind === 'Timeout' ? 3 : 0));
      }
    });
  },
);
