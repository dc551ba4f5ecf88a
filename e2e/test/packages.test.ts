import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { transform } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { workspaceRoot } from './support/environment.js';
import { installPacked, ROOMS } from './support/packed.js';
import { startProgram, type Program } from './support/program.js';
import { useFixedPorts } from './support/fixed-ports.js';

useFixedPorts();

/** The first TypeScript example of a README, as JavaScript. */
async function exampleOf(readme: string): Promise<string> {
  const source = /```ts\n([^]*?)```/.exec(await readFile(join(workspaceRoot, readme), 'utf8'))?.[1];
  if (source === undefined) throw new Error(`${readme} has no example`);
  return (await transform(source, { loader: 'ts', format: 'esm', target: 'node20' })).code;
}

/** The same program for `require`: named imports become destructuring, top-level await moves into a function. */
function toCommonJs(code: string): string {
  const body = code.replace(
    /^import \{([^}]*)\} from ("[^"]+");$/gm,
    (_, names: string, from: string) => `const {${names.replaceAll(' as ', ': ')}} = require(${from});`,
  );
  return `(async () => {\n${body}\n})().catch((error) => { console.error(error); process.exitCode = 1; });\n`;
}

/** What `npm pack` makes, installed into an empty folder: what users get. */
describe('the packed packages in an empty folder', () => {
  let dir: string;
  let demo: Program;

  beforeAll(async () => {
    dir = await installPacked('consumer');
    demo = startProgram(process.execPath, [join(dir, 'node_modules/secure-esp/bin/secure-esp.js'), 'demo'], {
      cwd: dir,
    });
    await demo.waitFor(/Ctrl-C stops everything/, 90_000);
  }, 300_000);
  afterAll(async () => {
    await demo.stop();
    await rm(dir, { recursive: true, force: true });
  });

  test('npx secure-esp demo updates the fleet', () => {
    expect(demo.output().match(/1\.0\.0 -> 1\.1\.0, confirmed/g)).toHaveLength(3);
  });

  test.each(['README.md', ...ROOMS.map((room) => `packages/${room}/README.md`)])(
    'the example of %s runs, as ESM and as CommonJS',
    async (readme) => {
      const [, operators = '', devices = ''] = await demo.waitFor(/operators on ([0-9]+), devices on ([0-9]+)/);
      const code = (await exampleOf(readme))
        .replaceAll('localhost:8883', `localhost:${operators}`)
        .replaceAll('localhost:8884', `localhost:${devices}`);
      const name = readme.replaceAll(/\W/g, '-');
      for (const [file, text] of [
        [`${name}.mjs`, code],
        [`${name}.cjs`, toCommonJs(code)],
      ] as const) {
        await writeFile(join(dir, file), text);
        const program = startProgram(process.execPath, [file], { cwd: dir });
        // What serves until Ctrl-C has shown that it serves once it says so.
        if (code.includes('SIGINT')) {
          await program.waitFor(/\S.*\n/);
          program.child.kill('SIGINT');
        }
        const exitCode = await program.ended;
        expect([file, program.output(), exitCode]).toEqual([file, expect.any(String), 0]);
      }
    },
  );
});
