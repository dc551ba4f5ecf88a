import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { generateTopicTable } from '../../src/codegen/index.js';
import {
  bytes,
  command,
  decimal,
  defineProtocol,
  empty,
  event,
  integer,
  json,
  secureEspV1,
  text,
  withRoot,
  type Protocol,
} from '../../src/index.js';
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

  test('has a shape for decimals, bytes and defaults, and notes where a topic has any', () => {
    const celsius = decimal({ min: -40, max: 125.5, decimals: 2 });
    const topics = {
      aim: command(text(celsius, { maxBytes: 8 }), { description: 'The aim.', since: 2 }),
      picture: command(bytes({ minBytes: 1, maxBytes: 64 }), {
        description: 'A picture',
        deprecated: 'Use *aim* | b.',
      }),
      state: event(
        json(
          z.object({
            aim: celsius.default(-0.5),
            mode: z.enum(['a', 'b']).default('a'),
            limit: integer(0, 9).nullable().default(3),
          }),
          { maxBytes: 99 },
        ),
        { description: 'd' },
      ),
    } as const;
    const table = generateTopicTable(defineProtocol({ name: 'lab', version: 2, root: '/lab', topics }));
    for (const cells of [
      '| `-40..125.5 by 0.01` as text, at most 8 bytes | 1 | 60 s | The aim. Since version 2. |',
      '| 1..64 bytes | 1 | 60 s | A picture **Deprecated:** Use \\*aim\\* \\| b. |',
      '| `{aim: -40..125.5 by 0.01 = -0.5, mode: "a" \\| "b" = "a", limit: 0..9 \\| null = 3}`, at most 99 bytes |',
    ]) {
      expect(table).toContain(cells);
    }
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
