import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CHECKS } from '../../../src/commands/doctor.js';
import { examine, newTree, startBroker, startOta } from './clinic.js';

interface Row {
  readonly id: string;
  readonly network: boolean;
}

/** The table of checks in the README. */
async function documented(): Promise<readonly Row[]> {
  const readme = await readFile(join(import.meta.dirname, '../../../README.md'), 'utf8');
  const table = /\| check +\| what it looks at[^]*?\n\n/.exec(readme)?.[0] ?? '';
  return table.split('\n').flatMap((line) => {
    const [, id, , offline = ''] = /^\| `([^`]+)` *\| (.*) \| (.*) \|$/.exec(line) ?? [];
    return id === undefined ? [] : [{ id, network: offline.includes('left out') }];
  });
}

/** Releases are named by their channels. */
const plain = ({ id }: { readonly id: string }): string => id.replace(/^releases:.*/, 'releases');
const idsOf = (of: readonly { readonly id: string }[]): readonly string[] => [...new Set(of.map(plain))].sort();

describe('the README’s list of what the doctor looks at', () => {
  test('has every id that is reported, and no other, whether the servers are there or not', async () => {
    const listed = idsOf(await documented());
    const { cwd, tree } = await newTree();
    expect(idsOf((await examine(cwd)).results)).toEqual(listed);
    const broker = await startBroker(tree);
    const at = (port: number): string => `mqtts://localhost:${port}`;
    const urls = ['--url', at(broker.operatorPort), '--device-url', at(broker.devicePort)];
    const ota = `https://localhost:${await startOta(tree)}`;
    expect(idsOf((await examine(cwd, ...urls, '--ota', ota)).results)).toEqual(listed);
  });

  test('says what --offline leaves out', async () => {
    const files = (await documented()).filter(({ network }) => !network);
    const { cwd } = await newTree();
    expect(idsOf((await examine(cwd, '--offline')).results)).toEqual(idsOf(files));
  });

  test('is in the order of the checks', async () => {
    const groups = (await documented()).map(({ id }) => id.split(':')[0]);
    const order = CHECKS.map(({ id }) => id.split(':')[0]);
    // what one check reports beside its own id stands with it
    const own = groups.filter((group) => order.includes(group));
    expect([...new Set(own)]).toEqual([...new Set(order)]);
  });
});
