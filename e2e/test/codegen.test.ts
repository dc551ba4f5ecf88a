import { readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder, workspaceRoot } from './support/environment.js';
import { runCli } from './support/program.js';

test('the committed C is what the contract generates', async () => {
  const { code, output } = await runCli(
    ['codegen', 'c', '--check', '--out', 'firmware/components/secure_esp_core/generated'],
    workspaceRoot,
  );
  expect([output, code]).toEqual([expect.stringContaining('up to date'), 0]);
});

test('codegen c writes three files, leaves them alone the second time, and --check finds a changed one', async () => {
  const dir = await temporaryFolder();
  expect((await runCli(['codegen', 'c', '--check', '--out', 'c'], dir)).code).toBe(1);
  expect((await runCli(['codegen', 'c', '--out', 'c'], dir)).output).toMatch(/(?:wrote .*\n){3}/);
  expect((await runCli(['codegen', 'c', '--out', 'c'], dir)).output).toMatch(/up to date/);
  const header = join(dir, 'c/secure_esp_topics.h');
  await writeFile(header, `${await readFile(header, 'utf8')}\n`);
  const check = await runCli(['codegen', 'c', '--check', '--out', 'c'], dir);
  expect(check.output).toMatch(/out of date.*secure_esp_topics\.h/);
  expect(check.code).toBe(1);
});

test('codegen c generates a contract of one’s own from TypeScript, and says what is wrong with one that C cannot enforce', async () => {
  const dir = await temporaryFolder();
  await symlink(join(workspaceRoot, 'node_modules'), join(dir, 'node_modules'));
  const contract = (payload: string): string => `
import { boundedString, command, defineProtocol, integer, json, text } from '@secure-esp/protocol';
import { z } from 'zod';
const payload = ${payload};
export default defineProtocol({ name: 'lamp', version: 1, root: '/lamp', topics: { level: command(payload, { description: 'Brightness.' }) } });
`;
  await writeFile(join(dir, 'lamp.ts'), contract('text(integer(0, 100) satisfies z.ZodType, { maxBytes: 8 })'));
  const made = await runCli(['codegen', 'c', '--protocol', 'lamp.ts', '--prefix', 'lamp', '--out', 'c'], dir);
  expect([made.output, made.code]).toEqual([expect.stringContaining('wrote c/lamp_protocol.h'), 0]);
  expect(await readFile(join(dir, 'c/lamp_protocol.h'), 'utf8')).toContain('lamp_level_decode');

  await writeFile(join(dir, 'wrong.ts'), contract('json(z.object({ name: z.string() }), { maxBytes: 64 })'));
  const wrong = await runCli(['codegen', 'c', '--protocol', 'wrong.ts', '--out', 'c'], dir);
  expect([wrong.code, wrong.output]).toEqual([1, expect.stringMatching(/level\.name.*boundedString/)]);
  const absent = await runCli(['codegen', 'c', '--protocol', 'absent.ts', '--out', 'c'], dir);
  expect([absent.code, absent.output]).toEqual([1, expect.stringContaining('no such file')]);
});

test('codegen docs, json-schema, acl and check-compat: a narrower range breaks old servers, and is said', async () => {
  const dir = await temporaryFolder();
  await symlink(join(workspaceRoot, 'node_modules'), join(dir, 'node_modules'));
  const contract = (max: number): string => `
import { command, defineProtocol, integer, text } from '@secure-esp/protocol';
const level = command(text(integer(0, ${max}), { maxBytes: 8 }), { description: 'Brightness.' });
export default defineProtocol({ name: 'lamp', version: 1, root: '/lamp', topics: { level } });
`;
  await writeFile(join(dir, 'lamp.ts'), contract(100));
  for (const command of ['docs', 'json-schema', 'acl']) {
    const args = ['codegen', command, '--out', 'out'];
    expect((await runCli([...args, '--check'], dir)).code).toBe(1);
    expect((await runCli(args, dir)).code).toBe(0);
    expect((await runCli([...args, '--check'], dir)).output).toContain('up to date');
  }
  expect((await runCli(['codegen', 'docs', '--out', 'out', '--protocol', 'lamp.ts'], dir)).code).toBe(0);
  const released = 'out/lamp-v1.contract.json';
  const same = await runCli(['codegen', 'check-compat', released, 'lamp.ts'], dir);
  expect([same.output.trim(), same.code]).toEqual(['the contracts mean the same', 0]);
  await writeFile(join(dir, 'lamp.ts'), contract(50));
  const narrower = await runCli(['codegen', 'check-compat', released, 'lamp.ts'], dir);
  expect([narrower.code, narrower.output]).toEqual([1, expect.stringMatching(/breaks +level.*old-servers/)]);
  await writeFile(join(dir, 'lamp.ts'), contract(200));
  expect((await runCli(['codegen', 'check-compat', released, 'lamp.ts'], dir)).code).toBe(0);
  expect((await runCli(['codegen', 'check-compat', '--strict', released, 'lamp.ts'], dir)).code).toBe(1);
});
