import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasTools } from './support/environment.js';
import { runProgram, startCli, startProgram, type Program } from './support/program.js';
import { useFixedPorts } from './support/fixed-ports.js';

useFixedPorts();

const available = hasTools('mosquitto', 'mosquitto_pub', 'mosquitto_sub');

/** The interface as its users know it: a real Mosquitto, driven from outside by `mosquitto_pub` and `mosquitto_sub`. */
describe.skipIf(!available)('the demo on Mosquitto, driven by mosquitto_pub and mosquitto_sub', () => {
  let dir: string;
  let demo: Program;
  let log: Program;
  let settings: Program;
  let port: string;

  const client = (): string[] => {
    const path = (file: string): string => join(dir, '.secure-esp/ca', file);
    return [
      '-h',
      'localhost',
      '-p',
      port,
      '--cafile',
      path('certs/ca.crt'),
      '--cert',
      path('certs/client.crt'),
      '--key',
      path('keys/client.key'),
    ];
  };
  /** Line buffered: what arrived is seen at once. */
  const subscribe = (args: string[]): Program => startProgram('stdbuf', ['-oL', 'mosquitto_sub', ...args]);
  const publish = async (topic: string, message: string): Promise<void> => {
    const { code, output } = await runProgram('mosquitto_pub', ['-t', topic, '-m', message, ...client()]);
    expect([output, code]).toEqual(['', 0]);
  };
  /** Publishes and waits for a line on `/esp/log` that was not there before. */
  const expectLog = async (topic: string, message: string, line: RegExp): Promise<void> => {
    const before = log.output().length;
    await publish(topic, message);
    const deadline = Date.now() + 20_000;
    for (;;) {
      if (line.test(log.output().slice(before))) return;
      if (Date.now() > deadline)
        throw new Error(
          `no ${String(line)} on /esp/log after ${topic} "${message.slice(0, 40)}":\n${log.output().slice(before)}`,
        );
      await log.waitFor(new RegExp(`^[^]{${log.output().length + 1},}`), 20_000).catch(() => undefined);
    }
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'secure esp e2e ')); // a path with spaces is a path
    demo = startCli(['demo', '--broker', 'mosquitto', '--devices', '2'], dir);
    await demo.waitFor(/Ctrl-C stops everything/, 90_000);
    port = (await demo.waitFor(/operators on ([0-9]+)/))[1] ?? '';
    log = subscribe(['-t', '/esp/log', '-d', ...client()]);
    settings = subscribe(['-t', '/esp/devices/esp-001/settings', '-d', ...client()]);
    await Promise.all([log.waitFor(/Subscribed/), settings.waitFor(/"interval"/)]);
  });
  afterAll(async () => {
    await Promise.all([log.stop(), settings.stop(), demo.stop()]);
    await rm(dir, { recursive: true, force: true });
  });

  test('every device confirmed the new version', () => {
    expect(demo.output().match(/1\.0\.0 -> 1\.1\.0, confirmed/g)).toHaveLength(2);
  });

  test('/esp/update/url: stored; missing, not https and oversized are refused and change nothing', async () => {
    const url = 'https://domain.de:8070/secure_esp.bin';
    await expectLog('/esp/update/url', url, /\[(?:SUCCESS|WARNING)\]/);
    await settings.waitFor(/"url":"https:\/\/domain\.de:8070\/secure_esp\.bin"/);
    await expectLog('/esp/update/url', '', /\[ERROR\]/);
    await expectLog('/esp/update/url', 'http://domain.de/secure_esp.bin', /\[ERROR\]/);
    await expectLog('/esp/update/url', `https://domain.de/${'a'.repeat(300)}`, /\[ERROR\]/);
    expect(settings.output().match(/"url":"(?!https:\/\/domain\.de:8070\/secure_esp\.bin")/)).toBeNull();
  });

  test('/esp/update/use_url: 0 and 1; missing, out of range and oversized are refused', async () => {
    await expectLog('/esp/update/use_url', '1', /\[SUCCESS\]/);
    await settings.waitFor(/"useUrl":1/);
    for (const bad of ['', '2', '1'.repeat(300)]) await expectLog('/esp/update/use_url', bad, /\[ERROR\]/);
    await expectLog('/esp/update/use_url', '0', /\[SUCCESS\]/);
  });

  test('/esp/update/interval: 300 to 9999999 seconds; missing, out of range and oversized are refused', async () => {
    await expectLog('/esp/update/interval', '10000', /\[SUCCESS\]/);
    await settings.waitFor(/"interval":10000/);
    for (const bad of ['', '299', '10000000', '1'.repeat(300)])
      await expectLog('/esp/update/interval', bad, /\[ERROR\]/);
    expect(settings.output()).not.toMatch(/"interval":(?:299|10000000)/);
  });

  test('/esp/update/run: starts a check; a payload is refused', async () => {
    await expectLog('/esp/update/run', '', /secure_esp: \[/);
    await expectLog('/esp/update/run', '1', /\[ERROR\]/);
    await expectLog('/esp/update/run', 'x'.repeat(300), /\[ERROR\]/);
  });

  test('/esp/restart: restarts with the settings kept; a payload is refused', async () => {
    await expectLog('/esp/restart', '1', /\[ERROR\]/);
    await expectLog('/esp/restart', 'x'.repeat(300), /\[ERROR\]/);
    const status = subscribe(['-t', '/esp/devices/esp-001/status', ...client()]);
    const before = (await status.waitFor(/"bootId":([0-9]+)/))[1] ?? '';
    await publish('/esp/restart', '');
    await status.waitFor(new RegExp(`"bootId":(?!${before}\\b)[0-9]+.*"resetReason":"software"`), 30_000);
    await status.stop();
    expect(settings.output().trim().split('\n').at(-1)).toMatch(/"interval":10000/);
  });
});
