import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { main } from '../../src/index.js';
import { loadProtocol } from '../../src/load-protocol.js';
import { runMain } from '../run-main.js';
import { startHouse, type House, type Peer } from './house.js';

const repository = join(import.meta.dirname, '../../../..');
/** What a user writes, with the package’s sources where its name would be: tests need no build. */
const CONTRACT = `
import { command, event, extendProtocol, integer, json, secureEspV1, text }
  from '${join(repository, 'packages/protocol/src/index.ts')}';
import { z } from 'zod';

const colour = z.object({ hue: integer(0, 359), on: z.boolean(), mode: z.enum(['day', 'night']).optional() });
export default extendProtocol(secureEspV1, {
  name: 'lamps',
  root: '/lamps',
  topics: {
    'lamp/colour': command(json(colour, { maxBytes: 96 }), { description: 'Colour of the light.' }),
    'lamp/level': command(text(integer(0, 100), { maxBytes: 4 }), { description: 'Brightness, per cent.' }),
    'lamp/power': event(json(z.object({ watts: integer(0, 60) }), { maxBytes: 32 }), {
      description: 'Power that the lamp takes.',
      retain: true,
    }),
  },
});
`;

let house: House;
let lamp: Peer;

beforeAll(async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'secure-esp-contract-'));
  const protocol = await installContract(scratch);
  house = await startHouse(['esp-001', 'esp-002'], protocol);
  await installContract(house.cwd);
  await rm(scratch, { recursive: true, force: true });
  lamp = await house.peer('esp-001');
  await lamp.event('lamp/power', { watts: 7 }, true);
  // the same by the project file, in a folder of its own, whose paths are relative to it
  const broker = { url: `mqtts://localhost:${house.broker.operatorPort}` };
  const config = { dir: 'pki', protocol: './lamps.ts', broker };
  await writeFile(join(house.cwd, 'secure-esp.config.ts'), `export default ${JSON.stringify(config)};\n`);
});
afterAll(() => house.close());

async function installContract(cwd: string) {
  await writeFile(join(cwd, 'lamps.ts'), CONTRACT);
  await symlink(join(repository, 'node_modules'), join(cwd, 'node_modules'));
  const silent = new Writable();
  return loadProtocol(
    { cwd, stdout: silent, stderr: silent, signal: new AbortController().signal },
    join(cwd, 'lamps.ts'),
  );
}

const byFlags = (verb: string, ...words: string[]): string[] => [
  ...['--no-config', 'device', verb, ...house.options, '--protocol', 'lamps.ts', ...words],
];
const byProjectFile = (verb: string, ...words: string[]): string[] => ['device', verb, ...words];

/** Runs it until something comes out, then ends it as Ctrl-C does. */
async function watchUntil(argv: readonly string[], what: RegExp): Promise<string> {
  let text = '';
  const out = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      text += chunk.toString();
      done();
    },
  });
  const stop = new AbortController();
  const ended = main(argv, { cwd: house.cwd, stdout: out, stderr: out, signal: stop.signal });
  try {
    await vi.waitFor(
      () => {
        expect(text).toMatch(what);
      },
      { timeout: 20_000, interval: 20 },
    );
  } finally {
    stop.abort();
    await ended;
  }
  return text;
}

describe.each([
  ['--protocol', byFlags],
  ['the project file', byProjectFile],
])('a contract of one’s own, by %s', (_how, line) => {
  test.each([
    ['as JSON', ['{"hue":120,"on":true,"mode":"night"}']],
    ['as members', ['hue=120', 'on=true', 'mode=night']],
  ])('device send takes a JSON value %s', async (_form, value) => {
    const ended = await runMain(house.cwd, line('send', 'esp-001', 'lamp/colour', ...value));
    expect(ended).toEqual({ exitCode: 0, stdout: '{"ok":true}\n', stderr: '' });
    const { leaf, payload = '' } = lamp.received.at(-1) ?? {};
    expect(leaf).toBe('lamp/colour');
    expect(JSON.parse(payload)).toEqual({ hue: 120, on: true, mode: 'night' });
  });

  test('device send refuses what the contract does not allow, before it is sent', async () => {
    const before = lamp.received.length;
    const far = await runMain(house.cwd, line('send', 'esp-001', 'lamp/colour', 'hue=400', 'on=true'));
    expect(far).toMatchObject({ exitCode: 2, stdout: '' });
    expect(far.stderr).toMatch(/lamp\/colour: .*hue.*359[^]*hue=<0\.\.359> on=<true\|false> \[mode=<day\|night>\]/);
    const unknown = await runMain(house.cwd, line('send', 'esp-001', 'lamp/blink'));
    expect(unknown.stderr).toMatch(/no command "lamp\/blink" in the contract lamps[^]*lamp\/level <0\.\.100>/);
    expect(lamp.received).toHaveLength(before);
  });

  test('device list has its retained events', async () => {
    const { exitCode, stdout } = await runMain(house.cwd, line('list', '--json'));
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { id: 'esp-001', online: true, retained: { 'lamp/power': { watts: 7 } } },
    ]);
  });

  test('device watch shows its events, as lines and as JSON', async () => {
    expect(await watchUntil(line('watch'), /lamp\/power/)).toMatch(/esp-001 +lamp\/power.*watts.*7/);
    const json = await watchUntil(line('watch', 'esp-001', '--json'), /"lamp\/power"/);
    const events = json
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as object);
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'lamp/power', device: 'esp-001', value: { watts: 7 }, retained: true }),
    );
  });
});

test('a contract without status has nobody who is online, and says so', async () => {
  const plain = `
    import { command, defineProtocol, integer, text } from '${join(repository, 'packages/protocol/src/index.ts')}';
    const level = command(text(integer(0, 100), { maxBytes: 4 }), { description: 'Brightness, per cent.' });
    export default defineProtocol({ name: 'plain', version: 1, root: '/plain', topics: { level } });
  `;
  await writeFile(join(house.cwd, 'plain.ts'), plain);
  const line = ['device', 'send', ...house.options, '--protocol', 'plain.ts', '--all', 'level', '5'];
  const { exitCode, stdout, stderr } = await runMain(house.cwd, line);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toMatch(/the contract plain does not tell who is online: it has no status\.\n.*Name/);
});
