import { once, type EventEmitter } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connectAsync, type IPublishPacket } from 'mqtt';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { hasTools, workspaceRoot } from './support/environment.js';
import { installExample } from './support/example.js';
import { useFixedPorts } from './support/fixed-ports.js';
import { runGuide } from './support/guide.js';
import { runProgram } from './support/program.js';

useFixedPorts();

const available = hasTools('cc', 'gcc', 'clang', 'make');

let dir: string;
beforeAll(async () => {
  if (available) dir = await installExample('thermostat');
}, 300_000);
afterAll(async () => {
  if (available) await rm(dir, { recursive: true, force: true });
});

const operator = (...args: readonly string[]): Promise<{ code: number; output: string }> =>
  runProgram(process.execPath, ['dist/operator.js', 'esp-001', ...args], { cwd: dir });

/** A client that does not know the contract: what the device answers to a payload on a topic of its own. */
async function answerTo(leaf: string, payload: string): Promise<unknown> {
  const read = (file: string): Promise<Buffer> => readFile(join(dir, '.secure-esp/ca', file));
  const client = await connectAsync('mqtts://localhost:8883', {
    protocolVersion: 5,
    ca: await read('certs/ca.crt'),
    cert: await read('certs/client.crt'),
    key: await read('keys/client.key'),
  });
  onTestFinished(() => client.endAsync());
  const responseTopic = '/esp/devices/esp-001/replies/a-stranger-of-16';
  await client.subscribeAsync(responseTopic, { qos: 1 });
  const answer = once(client as unknown as EventEmitter, 'message', { signal: AbortSignal.timeout(10_000) });
  const properties = { responseTopic, correlationData: Buffer.from('mine') };
  await client.publishAsync(`/esp/devices/esp-001/${leaf}`, payload, { qos: 1, properties });
  const [, message, packet] = (await answer) as [string, Buffer, IPublishPacket];
  expect(packet.properties?.correlationData?.toString()).toBe('mine');
  return JSON.parse(message.toString());
}

test.skipIf(!available)(
  'the README of examples/thermostat: every command; the firmware’s C heats to the setpoint and refuses what is no setpoint',
  async () => {
    const { commands, running } = await runGuide({
      file: 'examples/thermostat/README.md',
      dir,
      home: dir,
      ready: [
        [/broker\.js/, /operators on 8883, devices on 8884/],
        [/board\.js/, /esp-001 is online/],
        [/watch$/, /to reach 21\.5 °C: heat/],
      ],
      says: [
        [/host test$/, /95 checks, 0 failures/],
        [/mode heat$/, /esp-001 is in mode heat/],
        [/setpoint 21\.5$/, /esp-001 shall be at 21\.5 °C/],
      ],
    });
    expect([commands, running.size]).toEqual([11, 3]);

    const watched = running.get('node dist/operator.js esp-001 watch');
    await watched?.waitFor(/21\.5 °C, to reach 21\.5 °C: heat, idle/, 30_000);
    expect(await operator('setpoint', '23')).toEqual({ code: 0, output: 'esp-001 shall be at 23 °C\n' });
    await watched?.waitFor(/23 °C, to reach 23 °C: heat, idle/, 30_000);
    const lines = (watched?.output() ?? '').matchAll(/^([0-9.]+) °C, to reach 23 °C: heat, heating$/gm);
    const heated = [...lines].map(([, at]) => Number(at));
    expect(heated).toEqual([...heated].sort((a, b) => a - b));
    expect(heated.at(-1)).toBe(22.9);

    const detail = expect.any(String) as string;
    const saying = (words: RegExp): string => expect.stringMatching(words) as string;
    expect(await operator('setpoint', '99')).toEqual({
      code: 1,
      output: saying(/^not done: [a-z_]+, .*35/),
    });
    expect(await operator('mode', 'boost')).toEqual({ code: 1, output: 'mode: one of off, heat, cool, auto\n' });
    expect(await answerTo('app/setpoint', '99')).toEqual({ ok: false, code: 'out_of_range', detail });
    expect(await answerTo('app/setpoint', '21.55')).toEqual({ ok: false, code: 'bad_payload', detail });
    expect(await answerTo('app/setpoint', '1'.repeat(2000))).toEqual({ ok: false, code: 'too_long', detail });
    expect(await answerTo('app/mode', 'cool')).toEqual({ ok: true });
    expect(await operator('setpoint', '20')).toEqual({ code: 0, output: 'esp-001 shall be at 20 °C\n' });
    await watched?.waitFor(/to reach 20 °C: cool, cooling[^]*20 °C, to reach 20 °C: cool, idle/, 30_000);

    expect(await watched?.stop()).toBe(0);
    expect(await running.get('node dist/board.js esp-001')?.stop()).toBe(0);
    expect(await operator('mode', 'off')).toEqual({ code: 1, output: saying(/device_offline/) });
    expect(await running.get('node dist/broker.js')?.stop()).toBe(0);
  },
  120_000,
);

test.skipIf(!available).each(['gcc', 'clang'])(
  'the firmware’s own C with %s, as C11 and without sanitizers',
  async (cc) => {
    const warnings = ['-Wall', '-Wextra', '-Werror', '-Wconversion', '-Wshadow', '-pedantic', '-O2'];
    const sources = ['main/thermostat_control.c', 'main/thermostat_commands.c', 'test/thermostat_test.c'];
    const args = ['-std=c11', ...warnings, '-Ifirmware/generated', '-Ifirmware/main'];
    const files = ['generated/thermostat_protocol.c', ...sources].map((file) => join('firmware', file));
    const built = await runProgram(cc, [...args, ...files, '-o', `build/${cc}`], { cwd: dir });
    expect([built.output, built.code]).toEqual(['', 0]);
    const tested = await runProgram(join(dir, 'build', cc), []);
    expect([tested.output, tested.code]).toEqual(['95 checks, 0 failures\n', 0]);
  },
);

test.skipIf(!available)(
  'its app_main on the component: commands, replies and the climate of each connection',
  async () => {
    const firmware = join(workspaceRoot, 'firmware/test/idf');
    const args = ['--source', 'firmware/main', '--generated', 'firmware/generated', '--without', 'network.c'];
    const program = join(firmware, 'examples/thermostat_test.c');
    const run = await runProgram(
      process.execPath,
      [join(firmware, 'run-application.mjs'), ...args, '--test', program],
      {
        cwd: dir,
      },
    );
    expect([run.output, run.code]).toEqual([expect.stringMatching(/tests, \d+ checks, 0 failures|^skip/m), 0]);
  },
);

test('the firmware’s own C allocates nothing', async () => {
  for (const file of ['app_main.c', 'board.c', 'thermostat_control.c', 'thermostat_commands.c']) {
    const source = await readFile(join(workspaceRoot, 'examples/thermostat/firmware/main', file), 'utf8');
    expect(source).not.toMatch(/\b(?:malloc|calloc|realloc|free|alloca|strdup)\b/);
  }
});
