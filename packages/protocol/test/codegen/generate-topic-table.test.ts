import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { generateTopicTable } from '../../src/codegen/index.js';
import { command, defineProtocol, empty, event, json, secureEspV1, withRoot, type Protocol } from '../../src/index.js';
import { wideContract } from '../support/wide-contract.js';

describe('the topic table', () => {
  test.each([
    ['secure-esp', secureEspV1 as Protocol],
    ['wide-lab', wideContract as Protocol],
  ])('of %s has every topic once, and as many cells in each row as in its head', (_name, protocol) => {
    const table = generateTopicTable(protocol);
    for (const leaf of Object.keys(protocol.topics)) {
      expect(table.split('\n').filter((line) => line.includes(`/${leaf}\``))).toHaveLength(1);
    }
    for (const section of table.split(/^## .*$/m).slice(1)) {
      const widths = section
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split(/(?<!\\)\|/).length);
      expect(new Set(widths).size).toBe(1);
    }
  });

  test('names topics below the root in use', () => {
    expect(generateTopicTable(withRoot(secureEspV1, '/acme'))).toContain(
      '| `/acme/update/interval`<br>`/acme/devices/{device}/update/interval` | `300..9999999` as text, at most 16 bytes | 1 | 60 s |',
    );
  });

  test('leaves out what a contract does not have, and lets no text out of its cell', () => {
    const description = 'A | b\n<script> `c` *d* [e](f) \\';
    const topics = {
      go: command(empty(), { description, scopes: ['device'] }),
      say: event(json(z.object({ k: z.literal('a`|b') }), { maxBytes: 9 }), { description: 'x' }),
    } as const;
    const table = generateTopicTable(defineProtocol({ name: 'lab', version: 1, root: '/lab', topics }));
    expect(table).toContain(String.raw`| A \| b &lt;script&gt; \`c\` \*d\* \[e\](f) \\ |`);
    expect(table).toContain(String.raw`{k: "a'\|b"}`);
    expect(table).not.toContain('Documents');
  });
});
