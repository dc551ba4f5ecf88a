import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { diffGenerated, generateC } from '../../src/codegen/index.js';
import { fieldName, snake } from '../../src/codegen/names.js';
import {
  command,
  defineProtocol,
  empty,
  event,
  integer,
  isProtocolError,
  json,
  secureEspV1,
  type Topics,
} from '../../src/index.js';
import { wideContract } from '../support/wide-contract.js';

const define = (topics: Topics, documents = {}) =>
  defineProtocol({ name: 'lab', version: 1, root: '/lab', topics, documents });
const go = command(empty(), { description: 'd' });
const object = (schema: z.ZodType<object>) => event(json(schema, { maxBytes: 99 }), { description: 'd' });

function refusal(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (isProtocolError(error) && error.code === 'invalid_definition') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

const header = (topics: Topics): string => generateC(define(topics))[1]?.content ?? '';

describe('C names', () => {
  test.each([
    ['bootId', 'boot_id'],
    ['useUrl', 'use_url'],
    ['update/use_url', 'update_use_url'],
    ['secure-esp', 'secure_esp'],
    ['HTTPServer', 'http_server'],
    ['sha256', 'sha256'],
    ['x1Y2', 'x1_y2'],
    ['a__b', 'a_b'],
  ])('%s becomes %s', (name, expected) => {
    expect(snake(name)).toBe(expected);
  });

  test.each(['class', 'default', 'int', 'bool', 'nullptr', 'linux', 'errno', 'restrict'])(
    '%s, a word of C, gets an underscore',
    (word) => {
      expect(fieldName(word)).toBe(`${word}_`);
      expect(header({ s: object(z.object({ [word]: z.boolean() })) })).toContain(`bool ${word}_;`);
    },
  );

  test.each<[string, Topics, RegExp]>([
    ['two topics', { 'a/b': go, a_b: go }, /a_b.*a\/b|a\/b.*a_b/],
    ['two members', { s: object(z.object({ fooBar: z.boolean(), foo_bar: z.boolean() })) }, /foo_bar.*fooBar/],
    ["a member and another's flag", { s: object(z.object({ hasX: z.boolean(), x: z.boolean().optional() })) }, /has_x/],
    [
      "a member and another's count",
      { s: object(z.object({ a: z.array(z.boolean()).max(1), aCount: z.boolean() })) },
      /a_count/,
    ],
    ['an enum value and the count', { s: object(z.object({ e: z.enum(['a', 'count']) })) }, /COUNT/],
    ['a nested struct and a topic', { 's/x': object(z.object({})), s: object(z.object({ x: z.object({}) })) }, /s.*x/],
    [
      'two tags',
      { s: object(z.discriminatedUnion('k', [z.object({ k: z.literal('a-b') }), z.object({ k: z.literal('a_b') })])) },
      /a-b|a_b/,
    ],
    ['a topic and a fixed name', { none: go, 'topic/match': go, count: go }, /fixed name/],
    [
      'a topic of nothing but a parameter',
      { '{client}': command(empty(), { description: 'd', scopes: ['device'] }) },
      /no parameter/,
    ],
  ])('that %s would share are refused', (_what, topics, message) => {
    expect(refusal(() => generateC(define(topics)))).toMatch(message);
  });

  test('options of a union may use one member name for different things', () => {
    const union = z.discriminatedUnion('k', [
      z.object({ k: z.literal('a'), mode: z.enum(['x', 'y']), p: z.object({ n: integer(0, 1) }) }),
      z.object({ k: z.literal('b'), mode: z.enum(['x', 'y']), p: z.object({ n: integer(0, 9) }) }),
      z.object({ k: z.literal('c'), mode: z.enum(['z']) }),
    ]);
    const content = header({ s: object(union) });
    expect(content.match(/^} sesp_s_mode_t;$/gm)).toHaveLength(1);
    expect(content).toContain('} sesp_s_k_c_mode_t;');
    expect(content).toContain('} sesp_s_p_t;');
    expect(content).toContain('} sesp_s_k_b_p_t;');
  });

  test.each(['', 'Sesp', '_a', 'a_', '1a', 'a__b', 'a'.repeat(17), 'a-b', 'a b'])(
    'the prefix %j is refused',
    (prefix) => {
      expect(refusal(() => generateC(wideContract, { prefix }))).toMatch(/^prefix:/);
    },
  );

  test.each(['', 'MIT */', 'a  b', 'x\ny'])('the licence %j is refused', (license) => {
    expect(refusal(() => generateC(wideContract, { license }))).toMatch(/^license:/);
  });
});

describe('what firmware relies on', () => {
  const [topics = '', protocol = ''] = generateC(secureEspV1).map(({ content }) => content);

  test.each([
    '#define SESP_PROTOCOL_VERSION    (1u)',
    `#define SESP_CONTRACT_HASH       "${secureEspV1.contractHash}"`,
    '#define SESP_TOPIC_ROOT          "/esp"',
    '#define SESP_TOPIC_UPDATE_USE_URL_ALL      "/esp/update/use_url"',
    '#define SESP_TOPIC_RESTART_EXPIRY_S (10u)',
    '#define SESP_TOPIC_STATUS_RETAIN (1u)',
    'bool sesp_topic_match(const char *topic, size_t topic_len, sesp_topic_match_t *out);',
    'bool sesp_device_id_valid(const char *id, size_t len);',
  ])('the topics header has %s', (line) => {
    expect(topics).toContain(line);
  });

  test('the longest topic is that of the longest parameters', () => {
    const longest = `/esp/devices/${'d'.repeat(64)}/replies/${'c'.repeat(64)}`;
    expect(topics).toContain(`SESP_TOPIC_MAX_BYTES     (${String(longest.length)}u)`);
  });

  test.each([
    '#define SESP_PAYLOAD_MAX_BYTES         (512u)',
    '#define SESP_MANIFEST_MAX_BYTES        (1344u)',
    'char value[255 + 1];',
    'SESP_STATUS_RESET_REASON_POWER_ON = 1,',
    'SESP_STATUS_KIND_ONLINE_TRUE = 0,',
    'SESP_REPLIES_KIND_OK_FALSE = 1',
    'SESP_UPDATE_STATE_REASON_NONE_NEWER = 0,',
    '} sesp_update_state_state_t;',
    'const char *sesp_replies_code_to_string(sesp_replies_code_t value);',
    'sesp_codec_t sesp_restart_decode(const uint8_t *data, size_t len);',
    'sesp_codec_t sesp_manifest_header_decode(const uint8_t *data, size_t len, sesp_manifest_header_t *out);',
  ])('the protocol header has %s', (line) => {
    expect(protocol).toContain(line);
  });

  test('integers take the smallest type that holds their range', () => {
    const wide = generateC(wideContract)[1]?.content;
    for (const line of [
      'uint8_t tiny; /* 0..255 */',
      'uint16_t small; /* 1..65535 */',
      'uint32_t wide; /* 0..4294967295 */',
      'int64_t huge; /* 0..9007199254740991 */',
      'int8_t tiny_signed; /* -128..127 */',
      'int16_t small_signed; /* -32768..0 */',
      'int32_t wide_signed; /* -2147483648..2147483647 */',
      'int64_t huge_signed; /* -9007199254740991..9007199254740991 */',
      'int8_t offset; /* -5..-3 */',
    ]) {
      expect(wide).toContain(line);
    }
  });
});

describe('diffGenerated', () => {
  const files = [
    { path: 'a.h', content: 'a\n' },
    { path: 'b.h', content: 'b\n' },
    { path: 'c.c', content: 'c\n' },
  ];

  test('says which files are missing and which are stale', () => {
    const existing = new Map([
      ['a.h', 'a\n'],
      ['b.h', 'b\r\n'],
      ['other.h', ''],
    ]);
    expect(diffGenerated(files, existing)).toEqual({ missing: ['c.c'], stale: ['b.h'], upToDate: false });
  });

  test('finds nothing to do after a write', () => {
    const existing = new Map(files.map(({ path, content }) => [path, content]));
    expect(diffGenerated(files, existing)).toEqual({ missing: [], stale: [], upToDate: true });
  });
});
