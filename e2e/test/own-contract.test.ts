import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasTools, workspaceRoot } from './support/environment.js';
import { installPacked } from './support/packed.js';
import { runProgram } from './support/program.js';

const tsc = join(workspaceRoot, 'node_modules/typescript/bin/tsc');

const contracts = [
  {
    title: 'a contract that stands alone',
    init: ['my-protocol.ts'],
    command: 'npx secure-esp codegen c --protocol my-protocol.ts --out firmware/generated',
    level: 'level',
    method: 'level',
    state: 'state',
    own: 'const accepted: undefined = await device.level(40);',
    c: { stem: 'my', prefix: 'my', PREFIX: 'MY', level: 'level', state: 'state', topic: '/my/devices/lamp-1/level' },
  },
  {
    title: 'a contract that extends secure-esp',
    init: ['lamp.ts', '--extend', '--name', 'desk-lamp', '--root', '/home/lamps'],
    command: 'npx secure-esp codegen c --protocol lamp.ts --out firmware/generated',
    level: 'app/level',
    method: 'app.level',
    state: 'app/state',
    own: 'const accepted: { ok: true } = await device.app.level(40); const { updated } = await device.update.run();',
    c: {
      stem: 'desk_lamp',
      prefix: 'desk_lamp',
      PREFIX: 'DESK_LAMP',
      level: 'app_level',
      state: 'app_state',
      topic: '/home/lamps/devices/lamp-1/app/level',
    },
  },
];

describe('npx secure-esp codegen init, from the packed packages in an empty folder', () => {
  let packages: string;
  beforeAll(async () => {
    packages = await installPacked('own-contract', { type: 'module' });
  }, 300_000);
  afterAll(() => rm(packages, { recursive: true, force: true }));

  /** A folder of its own below the installed packages, so that a test finds them and nothing of the others. */
  async function project(name: string): Promise<string> {
    const dir = join(packages, name);
    await mkdir(dir);
    const compilerOptions = { module: 'NodeNext', target: 'ESNext', strict: true, noEmit: true, types: [] };
    await writeFile(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    return dir;
  }
  const npx = (dir: string, ...args: string[]): Promise<{ code: number; output: string }> =>
    runProgram('npx', ['--no-install', 'secure-esp', ...args], { cwd: dir });

  describe.each(contracts)('$title', ({ title, init, command, level, method, state, own, c }) => {
    let dir: string;
    const [file = ''] = init;

    beforeAll(async () => {
      dir = await project(title.replaceAll(' ', '-'));
      const started = await npx(dir, 'codegen', 'init', ...init);
      expect([started.output, started.code]).toEqual([expect.stringContaining(command), 0]);
      expect(started.output).not.toContain('npm install');
      const [, , ...args] = command.split(' ');
      const generated = await npx(dir, ...args);
      expect([generated.output, generated.code]).toEqual([expect.stringContaining(`${c.stem}_protocol.c`), 0]);
    });

    test('types a client: what fits the contract type-checks, what does not is an error', async () => {
      const begin = `
import { connect } from '@secure-esp/device-client';
import { matchTopic, topicOf, type TopicValue } from '@secure-esp/protocol';
import { protocol } from './${file.replace('.ts', '.js')}';

type State = TopicValue<typeof protocol, '${state}'>;
const client = await connect({ url: 'mqtts://localhost:8883', protocol });
const device = client.device('lamp-1');
`;
      const right = `${begin}
${own}
await device.send('${level}', 40);
await client.broadcast.${method}(0);
for await (const { level, mode, note } of device.events('${state}')) {
  const known: [number, 'day' | 'night', string | undefined] = [level, mode, note];
  if (known[0] === 100) break;
}
const last: State = await device.read('${state}');
const topic: string = topicOf(protocol, '${level}', { scope: 'device', device: 'lamp-1' });
const payload: Uint8Array = protocol.codecs['${state}'].encode({ level: 1, mode: 'day' });
const verdict = protocol.codecs['${state}'].decode(payload);
if (verdict.ok) { const value: State = verdict.value; }
const leaf: '${level}' | string | undefined = matchTopic(protocol, topic)?.leaf;
`;
      const wrong = [
        `await device.${method}('bright');`,
        `await device.${method}();`,
        `await device.send('${level}s', 40);`,
        `await device.send('${state}', { level: 1, mode: 'day' });`,
        `device.events('${level}');`,
        `protocol.codecs['${state}'].encode({ level: 1, mode: 'noon' });`,
        `protocol.codecs['${state}'].encode({ mode: 'day' });`,
        `const level: string = (await device.read('${state}')).level;`,
        `topicOf(protocol, '${level}/x', { scope: 'all' });`,
      ];
      await writeFile(join(dir, 'client.ts'), right);
      const checked = await runProgram(process.execPath, [tsc, '-p', '.'], { cwd: dir });
      expect([checked.output, checked.code]).toEqual(['', 0]);

      await writeFile(join(dir, 'client.ts'), [begin.trim(), ...wrong].join('\n'));
      const refused = await runProgram(process.execPath, [tsc, '-p', '.', '--pretty', 'false'], { cwd: dir });
      const first = begin.trim().split('\n').length + 1;
      const lines = [...refused.output.matchAll(/^client\.ts\((\d+),/gm)].map(([, line]) => Number(line) - first);
      expect(wrong.filter((_, index) => !lines.includes(index))).toEqual([]);
      expect(lines.filter((index) => index < 0)).toEqual([]);
    });

    test.skipIf(!hasTools('gcc', 'clang', 'g++'))(
      'compiles as C11 and C++17, and reads what TypeScript writes',
      async () => {
        const { prefix, PREFIX, stem } = c;
        const text = (value: string): string => `(const uint8_t *)"${value}", sizeof "${value}" - 1u`;
        await writeFile(
          join(dir, 'user.c'),
          `#include "${stem}_protocol.h"
#include "${stem}_topics.h"
int main(void)
{
    ${prefix}_${c.level}_t level;
    ${prefix}_topic_match_t match;
    uint8_t state[${PREFIX}_${c.state.toUpperCase()}_MAX_BYTES];

    (void)state;
    if (${prefix}_${c.level}_decode(${text('40')}, &level) != ${PREFIX}_CODEC_OK || level.value != 40) return 1;
    if (${prefix}_${c.level}_decode(${text('101')}, &level) != ${PREFIX}_CODEC_OUT_OF_RANGE) return 2;
    if (!${prefix}_topic_match("${c.topic}", sizeof "${c.topic}" - 1u, &match)) return 3;
    if (match.topic != ${PREFIX}_TOPIC_${c.level.toUpperCase()}) return 4;
    return 0;
}
`,
        );
        const warnings = ['-Wall', '-Wextra', '-Werror', '-Wconversion', '-pedantic'];
        const source = join('firmware/generated', `${stem}_protocol.c`);
        for (const compiler of [
          ['gcc', '-std=c11'],
          ['clang', '-std=c11'],
          ['g++', '-x', 'c++', '-std=c++17'],
        ]) {
          const [program = '', ...flags] = compiler;
          const args = [...flags, ...warnings, '-Ifirmware/generated', source, 'user.c', '-o', 'user'];
          const built = await runProgram(program, args, { cwd: dir });
          expect([program, built.output, built.code]).toEqual([program, '', 0]);
          expect([program, (await runProgram(join(dir, 'user'), [])).code]).toEqual([program, 0]);
        }
      },
    );
  });

  test('init leaves a file that exists alone, and refuses names that no contract can have', async () => {
    const dir = await project('refused');
    await writeFile(join(dir, 'my-protocol.ts'), '// mine\n');
    for (const [args, reason] of [
      [[], /"my-protocol\.ts" exists[^]*codegen init FILE/],
      [['Lamp.ts'], /Lamp: name must be[^]*--name/],
      [['lamp.ts', '--root', 'lamps'], /root: must be/],
      [['lamp.json'], /End the name in \.ts/],
    ] as const) {
      const { code, output } = await npx(dir, 'codegen', 'init', ...args);
      expect([code, output]).toEqual([1, expect.stringMatching(reason)]);
    }
    expect((await readdir(dir)).sort()).toEqual(['my-protocol.ts', 'tsconfig.json']);
  });
});
