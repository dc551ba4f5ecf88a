import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect } from 'vitest';
import { generateC } from '../../src/codegen/index.js';
import { secureEspV1, type Protocol } from '../../src/index.js';
import { encodeUtf8 } from '../../src/utf8.js';
import { modelOf, valuesOf } from '../support/payload-arbitraries.js';
import { Random } from '../support/random.js';
import { mutate, spellJson } from '../support/spell-json.js';
import { run, temporaryFolder, testWithTools } from '../support/tools.js';
import { wideContract } from '../support/wide-contract.js';

const SANITIZE = '-g -O1 -std=c11 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all'.split(
  ' ',
);
const HARNESS = join(import.meta.dirname, '../native');
const folder = temporaryFolder();

/** Records `u16 payload index, u16 length, bytes`, big-endian: values as they should be, and near misses. */
function corpus(protocol: Protocol, seed: number): Buffer {
  const payloads = [
    ...Object.entries(protocol.topics).map(([path, { payload }]) => [path, payload] as const),
    ...Object.entries(protocol.documents),
  ];
  const records = payloads.flatMap(([path, payload], index) => {
    const values =
      payload.encoding === 'empty' ? [''] : fc.sample(valuesOf(modelOf(payload, path)), { numRuns: 60, seed });
    const random = new Random(seed + index);
    return values.flatMap((value) => {
      const proper = encodeUtf8(payload.encoding === 'json' ? spellJson(value, random, random.once(2)) : String(value));
      const cut = proper.subarray(0, random.below(proper.length + 1));
      return [proper, mutate(proper, random), mutate(mutate(proper, random), random), cut].map((bytes) => {
        const head = Buffer.alloc(4);
        head.writeUInt16BE(index, 0);
        head.writeUInt16BE(bytes.length, 2);
        return Buffer.concat([head, bytes]);
      });
    });
  });
  return Buffer.concat(records);
}

function write(protocol: Protocol, prefix: string): void {
  for (const { path, content } of generateC(protocol, { prefix })) writeFileSync(join(folder, path), content);
}

describe.each(['gcc', 'clang'])(
  'generated C, built by %s with address and undefined-behaviour sanitizers',
  (compiler) => {
    testWithTools('keeps its promises at the edges (buffers, bad structs, topics)', [compiler], async () => {
      write(wideContract, 'lab');
      const binary = join(folder, `edges-${compiler}`);
      await run(compiler, [
        ...SANITIZE,
        `-I${folder}`,
        join(HARNESS, 'edges.c'),
        join(folder, 'wide_lab_protocol.c'),
        '-o',
        binary,
      ]);
      const { stdout } = await run(binary);
      expect(stdout).toMatch(/^[0-9]+ checks, 0 failed\n$/);
    });

    testWithTools('reads no byte beyond a payload', [compiler], async () => {
      const contracts: readonly (readonly [Protocol, string, string])[] = [
        [secureEspV1, 'sesp', 'secure_esp'],
        [wideContract, 'lab', 'wide_lab'],
      ];
      for (const [protocol, prefix, stem] of contracts) {
        write(protocol, prefix);
        const payloads = [
          ...Object.values(protocol.topics).map(({ payload }) => payload),
          ...Object.values(protocol.documents),
        ];
        const names = generateC(protocol, { prefix })[1]?.content.matchAll(
          new RegExp(`^${prefix}_codec_t (${prefix}_\\w+)_decode\\(`, 'gm'),
        );
        const cases = [...(names ?? [])].map(([, name], index) =>
          payloads[index]?.encoding === 'empty'
            ? `EMPTY(${String(index)}, ${String(name)})`
            : `STRUCT(${String(index)}, ${String(name)})`,
        );
        expect(cases).toHaveLength(payloads.length);
        writeFileSync(join(folder, 'cases.inc'), `${cases.join('\n')}\n`);
        writeFileSync(join(folder, 'corpus.bin'), corpus(protocol, 20_261));
        const binary = join(folder, `replay-${stem}-${compiler}`);
        const include = ['-include', join(folder, `${stem}_protocol.h`), `-I${folder}`];
        await run(compiler, [
          ...SANITIZE,
          ...include,
          join(HARNESS, 'replay.c'),
          join(folder, `${stem}_protocol.c`),
          '-o',
          binary,
        ]);
        const { stdout } = await run(binary, [join(folder, 'corpus.bin')]);
        const [, accepted, refused] = /^([0-9]+) accepted, ([0-9]+) refused\n$/.exec(stdout) ?? [];
        expect(Number(accepted)).toBeGreaterThan(200);
        expect(Number(refused)).toBeGreaterThan(200);
      }
    });
  },
);
