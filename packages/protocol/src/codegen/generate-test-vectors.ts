import { ProtocolError } from '../errors.js';
import type { PayloadCodec } from '../codecs/payload-codec.js';
import type { PayloadForm } from '../contract-form.js';
import type { Protocol } from '../define-protocol.js';
import { describeProtocol } from '../describe-protocol.js';
import { matchTopic, topicOf } from '../topics.js';
import { decodeUtf8 } from '../utf8.js';
import type { GeneratedFile } from './generate-c.js';
import { leafName, NameScope, snake } from './names.js';
import type { PayloadCase } from './vectors/payload-case.js';
import { payloadCases } from './vectors/payload-cases.js';
import { buildCases, matchCases, type BuildCase } from './vectors/topic-cases.js';

/** Bounds on what {@link generateTestVectors} writes. */
export interface GenerateTestVectorsOptions {
  /** Payloads of more bytes are left out, so that the files stay small. Default 4096. */
  readonly maxVectorBytes?: number;
}

/**
 * Test vectors for an implementation of the contract in any language: `vectors/<payload>.json` for every topic and document,
 * and `vectors/topics.json`. Derived from the schemas (every bound, member, enum value, option and spelling, and what is just
 * beyond), with the verdicts of this package's own codecs.
 *
 * A payload's `vectors` have a `name`, the payload as `text` or (what is not UTF-8 or has characters that cannot be seen) as
 * `bytes` in hexadecimal, and a `verdict`: `ok` with the `value` (absent for empty payloads, hexadecimal for bytes), or the
 * code with which it is refused. Each has one fault at most, so that the verdict does not depend on the order of checks.
 * `topics.json` has topics to `match` (`match`: what the topic means, or `null`) and to `build` (`topic`, or `null` where
 * there is none).
 *
 * Nothing is random: equal contracts below equal roots give equal bytes. Throws {@link ProtocolError} `invalid_definition`
 * if two payloads would share a file, which includes a topic `topics`.
 */
export function generateTestVectors(
  protocol: Protocol,
  options: GenerateTestVectorsOptions = {},
): readonly GeneratedFile[] {
  const { maxVectorBytes = 4096 } = options;
  const { topics, documents } = describeProtocol(protocol);
  const files = new NameScope();
  files.claim('vectors/topics.json', 'the vectors of topics');
  const file = (subject: Subject): GeneratedFile => {
    const { owner, stem, payload, codec } = subject;
    if (stem === '')
      throw new ProtocolError('invalid_definition', `${owner}: needs a level that is no parameter`, owner);
    const { encoding, maxBytes } = payload;
    const head = { ...contractOf(protocol), ...subject.key, encoding, maxBytes };
    const vectors = payloadCases(payload, maxVectorBytes).map((one) => payloadVector(one, codec));
    return { path: files.claim(`vectors/${stem}.json`, owner), content: documentOf(head, { vectors }) };
  };
  return [
    ...Object.entries(topics).map(([leaf, { payload }]) =>
      file({ key: { topic: leaf }, owner: leaf, stem: leafName(leaf), payload, codec: codecOf(protocol.codecs, leaf) }),
    ),
    ...Object.entries(documents).map(([document, payload]) => {
      const codec = codecOf(protocol.documentCodecs, document);
      return file({ key: { document }, owner: `${document} (document)`, stem: snake(document), payload, codec });
    }),
    topicsFile(protocol),
  ];
}

/** What a file of vectors is about. */
interface Subject {
  readonly key: { readonly topic: string } | { readonly document: string };
  /** In errors. */
  readonly owner: string;
  /** Of the file's name. */
  readonly stem: string;
  readonly payload: PayloadForm;
  readonly codec: PayloadCodec<unknown>;
}

function codecOf(codecs: Protocol['codecs'], key: string): PayloadCodec<unknown> {
  const codec = codecs[key];
  if (codec === undefined) throw new TypeError(`no codec for ${key}`);
  return codec;
}

const contractOf = ({ name, version, contractHash }: Protocol): Record<string, unknown> => ({
  contract: name,
  version,
  contractHash,
});

function payloadVector({ name, bytes }: PayloadCase, codec: PayloadCodec<unknown>): unknown {
  const decoded = codec.decode(bytes);
  const text = decodeUtf8(bytes);
  const shown = text === undefined || !Array.from(text).every(isShown) ? { bytes: hexOf(bytes) } : { text };
  if (!decoded.ok) return { name, ...shown, verdict: decoded.code };
  const value = decoded.value instanceof Uint8Array ? hexOf(decoded.value) : decoded.value;
  return { name, ...shown, verdict: 'ok', ...(value === undefined ? {} : { value }) };
}

/** False for control characters and others that cannot be seen: JSON would hold them, but readers and editors stumble. */
const isShown = (char: string): boolean => ' \t\r\n'.includes(char) || !/[\p{Cc}\p{Cf}\p{Z}]/u.test(char);

const hexOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

function topicsFile(protocol: Protocol): GeneratedFile {
  const contract = describeProtocol(protocol);
  const match = matchCases(contract).map(({ name, topic }) => ({
    name,
    topic,
    match: matchTopic(protocol, topic) ?? null,
  }));
  const build = buildCases(contract).map(({ name, asked }) => ({ name, ...asked, topic: builtTopic(protocol, asked) }));
  const head = { ...contractOf(protocol), root: protocol.root };
  return { path: 'vectors/topics.json', content: documentOf(head, { match, build }) };
}

function builtTopic(protocol: Protocol, asked: BuildCase['asked']): string | null {
  const { leaf, scope, device = '', client = '' } = asked;
  try {
    return topicOf(protocol, leaf, scope === 'all' ? { scope } : { scope, device, client });
  } catch (error) {
    if (error instanceof ProtocolError) return null;
    throw error;
  }
}

/** JSON with one vector a line. */
function documentOf(head: Record<string, unknown>, lists: Record<string, readonly unknown[]>): string {
  const parts = [
    ...Object.entries(head).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`),
    ...Object.entries(lists).map(([key, items]) =>
      items.length === 0
        ? `  ${JSON.stringify(key)}: []`
        : `  ${JSON.stringify(key)}: [\n${items.map((item) => `    ${JSON.stringify(item)}`).join(',\n')}\n  ]`,
    ),
  ];
  return `{\n${parts.join(',\n')}\n}\n`;
}
