import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadProject } from '../src/project/load-project.js';
import { PROJECT_VARIABLES } from '../src/project/project-environment.js';
import { leafCommands } from '../src/program/tree.js';
import { createProgram } from '../src/program.js';
import { projectSchema } from '../src/project/project-schema.js';
import { runMain, temporaryFolder } from './run-main.js';

const contextOf = (cwd: string, env: Record<string, string> = {}) => ({
  cwd,
  env,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: new AbortController().signal,
});

const write = (folder: string, config: string, name = 'secure-esp.config.ts') =>
  writeFile(
    join(folder, name),
    `import { defineConfig } from 'secure-esp';\nexport default defineConfig(${config});\n`,
  );

/** The options that a command runs with. */
async function optionsOf(
  cwd: string,
  argv: readonly string[],
  env: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const program = createProgram(contextOf(cwd, env));
  let options: Record<string, unknown> = {};
  for (const [, command] of leafCommands(program)) {
    command.action(() => {
      options = command.opts();
    });
  }
  await program.parseAsync([...argv], { from: 'user' });
  return options;
}

const LAMP = `{
  project: 'lamp', chip: 'esp32c6', protocol: './lamp-protocol.ts',
  broker: { url: 'mqtts://b.example:9883', deviceUrl: 'mqtts://b.example:9884', host: '0.0.0.0', operatorPort: 9883, devicePort: 9884, kind: 'mosquitto',
    websocketPort: 9885, websocketOrigins: ['https://panel.example', 'http://localhost:5173'] },
  ota: { url: 'https://u.example:9070', host: '0.0.0.0', port: 9070, adminPort: 9071, firmware: 'releases', workers: 2 },
  est: { url: 'https://e.example:9443', host: '::', port: 9443 },
}`;

const BROKER = {
  kind: 'mosquitto',
  host: '0.0.0.0',
  operatorPort: 9883,
  devicePort: 9884,
  protocol: 'lamp-protocol.ts',
  websocketPort: 9885,
  websocketOrigin: ['https://panel.example', 'http://localhost:5173'],
};

describe('the project file', () => {
  test.each([
    [['pki', 'list'], { dir: '.secure-esp' }],
    [
      ['pki', 'init'],
      {
        dir: '.secure-esp',
        chip: ['esp32c6'],
        host: ['b.example', 'u.example', 'e.example', 'localhost', '127.0.0.1', '::1'],
      },
    ],
    [['broker', 'run'], BROKER],
    [['broker', 'config', '--out', 'x'], BROKER],
    [
      ['broker', 'run', '--protocol', 'other.ts', '--websocket-origin', 'https://a.example'],
      {
        ...BROKER,
        protocol: 'other.ts',
        websocketOrigin: ['https://a.example'],
      },
    ],
    [['ota', 'serve'], { host: '0.0.0.0', port: 9070, adminPort: 9071, workers: 2, firmware: 'releases' }],
    [
      ['ota', 'publish', 'app.bin'],
      { url: 'https://u.example:9070', firmware: 'releases', project: 'lamp', chip: 'esp32c6' },
    ],
    [['ota', 'list'], { firmware: 'releases' }],
    [['est', 'serve'], { host: '::', port: 9443 }],
    [['est', 'enroll', 'a', '--ca', 'x', '--out', 'y'], { url: 'https://e.example:9443' }],
    [['est', 'renew', '--dir', 'd'], { url: 'https://e.example:9443', dir: 'd' }],
    [
      ['sim', '--firmware', 'x'],
      { url: 'mqtts://b.example:9884', ota: 'https://u.example:9070/secure_esp.bin', est: undefined },
    ],
    [
      ['provision', 'a'],
      { brokerUrl: 'mqtts://b.example:9884', otaUrl: 'https://u.example:9070/secure_esp.bin', estUrl: undefined },
    ],
    [['device', 'watch'], { url: 'mqtts://b.example:9883', protocol: 'lamp-protocol.ts' }],
    [['codegen', 'c', '--out', 'x'], { protocol: 'lamp-protocol.ts' }],
    [['image', 'build', '--image-version', '1', '-o', 'x'], { project: 'lamp', chip: 'esp32c6' }],
    [['doctor', 'firmware'], { chip: 'esp32c6' }],
    [['demo'], { dir: '.secure-esp', broker: 'embedded' }],
  ])('%j takes what concerns it', async (argv, expected) => {
    const dir = await temporaryFolder();
    await write(dir, LAMP);
    const options = await optionsOf(dir, argv);
    for (const [name, value] of Object.entries(expected)) expect([name, options[name]]).toEqual([name, value]);
  });

  test('flags go before the environment, that before the file, and the file before defaults', async () => {
    const dir = await temporaryFolder();
    await write(dir, `{ ota: { port: 1, host: 'of-file', adminPort: 3 } }`);
    const env = { SECURE_ESP_OTA_PORT: '2', SECURE_ESP_OTA_HOST: 'of-env', SECURE_ESP_OTA_ADMIN_PORT: '' };
    const options = await optionsOf(dir, ['ota', 'serve', '--host', 'of-flag'], env);
    expect(options).toMatchObject({ host: 'of-flag', port: 2, adminPort: 3, adminHost: '127.0.0.1' });
  });

  test('a variable of several values has commas between them', async () => {
    const env = { SECURE_ESP_BROKER_WEBSOCKET_ORIGINS: 'https://a.example, https://b.example:8443' };
    const options = await optionsOf(await temporaryFolder(), ['broker', 'run'], env);
    expect(options['websocketOrigin']).toEqual(['https://a.example', 'https://b.example:8443']);
  });

  test('is found in the nearest folder above, and its paths are relative to it', async () => {
    const dir = await temporaryFolder();
    const below = join(dir, 'a/b');
    await mkdir(below, { recursive: true });
    await write(dir, `{ dir: 'keys', ota: { firmware: './releases' } }`);
    expect(await optionsOf(below, ['ota', 'list'])).toMatchObject({ dir: '../../keys', firmware: '../../releases' });
    await write(join(dir, 'a'), `{}`);
    expect(await optionsOf(below, ['ota', 'list'])).toMatchObject({ dir: '../.secure-esp' });
    expect((await optionsOf(below, ['ota', 'list']))['firmware']).toBeUndefined();
  });

  test('--config names another one, --no-config none, and so does SECURE_ESP_CONFIG', async () => {
    const dir = await temporaryFolder();
    await write(dir, `{ dir: 'here' }`);
    await write(dir, `{ dir: 'other' }`, 'other.ts');
    expect((await optionsOf(dir, ['pki', 'list', '--config', 'other.ts']))['dir']).toBe('other');
    expect((await optionsOf(dir, ['pki', 'list'], { SECURE_ESP_CONFIG: 'other.ts' }))['dir']).toBe('other');
    expect((await optionsOf(dir, ['pki', 'list', '--no-config']))['dir']).toBe('.secure-esp');
    const { exitCode, stderr } = await runMain(dir, ['pki', 'list', '--config', 'none.ts']);
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/"none\.ts" cannot be read[^]*secure-esp init/)]);
  });

  test('a port named once is a URL, too', async () => {
    const dir = await temporaryFolder();
    await write(dir, `{ broker: { operatorPort: 1883, devicePort: 1884 }, ota: { port: 99 } }`);
    expect(await optionsOf(dir, ['device', 'watch'])).toMatchObject({ url: 'mqtts://localhost:1883' });
    expect(await optionsOf(dir, ['sim', '--firmware', 'x'])).toMatchObject({
      url: 'mqtts://localhost:1884',
      ota: 'https://localhost:99/secure_esp.bin',
    });
    // a device would look for that on itself
    expect((await optionsOf(dir, ['provision', 'a']))['brokerUrl']).toBeUndefined();
  });

  test('without one, an option that must be given still must', async () => {
    const { exitCode, stderr } = await runMain(await temporaryFolder(), ['est', 'renew', '--dir', 'd']);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining("required option '--url <url>' not specified")]);
  });
});

describe('a project file that is wrong', () => {
  test.each([
    [`{ chips: 'esp32' }`, 'secure-esp.config.ts: chips is no field of a project file.'],
    [`{ broker: { uri: 'x' } }`, 'secure-esp.config.ts: broker.uri is no field of a project file.'],
    [`{ chip: 'esp8266' }`, /secure-esp\.config\.ts: chip must be one of esp32, /],
    [`{ ota: { port: 65536 } }`, 'secure-esp.config.ts: ota.port must be an integer in 0..65535.'],
    [`{ ota: { port: '8070' } }`, 'secure-esp.config.ts: ota.port must be an integer in 0..65535.'],
    [`{ ota: { workers: 0 } }`, 'secure-esp.config.ts: ota.workers must be an integer in 1..256.'],
    [`{ ota: { url: 'http://x:1' } }`, 'secure-esp.config.ts: ota.url must be a URL such as https://host:port.'],
    [`{ broker: { url: 'mqtts://me:secret@x:1' } }`, /broker\.url must be a URL such as mqtts:\/\/host:port/],
    [
      `{ broker: { websocketOrigins: ['https://panel.example/'] } }`,
      /broker\.websocketOrigins\.0 must be scheme, host and port only, such as https:\/\/panel\.example\.$/,
    ],
    [`{ broker: { websocketOrigins: 'https://panel.example' } }`, /broker\.websocketOrigins is to be of type array/],
    [`{ project: '${'x'.repeat(32)}' }`, /secure-esp\.config\.ts: project must be 1 to 31 bytes/],
    [`{ dir: '' }`, 'secure-esp.config.ts: dir is empty.'],
    [`{ ota: 7 }`, /secure-esp\.config\.ts: ota is to be of type object/],
    [`7`, /secure-esp\.config\.ts: its default export is to be of type object/],
    [`{ dir: (() => { throw new Error('not today'); })() }`, 'secure-esp.config.ts cannot be run: not today'],
    [`{ dir: `, /secure-esp\.config\.ts cannot be run: /],
  ])('%s names file, field and limit', async (config, message) => {
    const dir = await temporaryFolder();
    await write(dir, config);
    const { exitCode, stdout, stderr } = await runMain(dir, ['pki', 'list']);
    expect([exitCode, stdout]).toEqual([1, '']);
    const [sentence, nextStep, ...more] = stderr.trimEnd().split('\n');
    expect(sentence).toEqual(typeof message === 'string' ? `secure-esp: ${message}` : expect.stringMatching(message));
    expect(nextStep).toMatch(/^Correct /);
    expect(more).toEqual([]);
    expect(stderr).not.toContain('secret');
  });

  test('a variable is named by its own name', async () => {
    const dir = await temporaryFolder();
    await expect(loadProject(contextOf(dir, { SECURE_ESP_OTA_PORT: '80x' }))).rejects.toThrow(
      'SECURE_ESP_OTA_PORT must be an integer in 0..65535.',
    );
    await expect(
      loadProject(contextOf(dir, { SECURE_ESP_BROKER_WEBSOCKET_ORIGINS: 'https://a.example,*' })),
    ).rejects.toThrow(/^SECURE_ESP_BROKER_WEBSOCKET_ORIGINS must be scheme, host and port only/);
    await expect(loadProject(contextOf(dir, { SECURE_ESP_CHIP: 'esp8266' }))).rejects.toThrow(/^SECURE_ESP_CHIP must/);
  });

  test('keeps neither help nor init from working', async () => {
    const dir = await temporaryFolder();
    await write(dir, `{ chips: 1 }`);
    expect((await runMain(dir, ['pki', 'list', '--help'])).exitCode).toBe(0);
    expect((await runMain(dir, ['init', '--yes'])).exitCode).toBe(0);
  });
});

test('every field of the file has a variable, and no variable is left without a field', () => {
  const fields = (schema: object, path: readonly string[] = []): readonly string[] => {
    const { shape } = schema as { shape: Record<string, { unwrap: () => object }> };
    return Object.entries(shape).flatMap(([name, field]) => {
      const inner = field.unwrap();
      return 'shape' in inner ? fields(inner, [...path, name]) : [[...path, name].join('.')];
    });
  };
  expect(Object.values(PROJECT_VARIABLES).map(({ path }) => path.join('.'))).toEqual(
    expect.arrayContaining([...fields(projectSchema)]),
  );
  expect(Object.keys(PROJECT_VARIABLES)).toHaveLength(fields(projectSchema).length);
});
