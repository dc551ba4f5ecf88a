import { commands } from '@yowasp/clang';
import { generateC } from '../../src/codegen/index.js';
import { leafName, snake } from '../../src/codegen/names.js';
import type { Protocol } from '../../src/index.js';

/** Verdicts of generated C, in the order of its enum. */
export const C_CODES = ['ok', 'bad_payload', 'out_of_range', 'too_long', 'no_space', 'bad_value'] as const;
export type CCode = (typeof C_CODES)[number];

export interface CRoundTrip {
  readonly decoded: CCode;
  /** What the encoder made of the decoded struct; absent for empty payloads and refused ones. */
  readonly encoded?: CCode;
  readonly text?: string;
  readonly bytes?: Uint8Array;
}

export interface CTopicMatch {
  readonly index: number;
  readonly scope: number;
  readonly device: string;
  readonly client: string;
}

/** A contract's generated C, running as WebAssembly. */
export interface CContractModule {
  /** Decodes and, if that succeeds, encodes again. `payload`: index among topics, then documents. */
  roundTrip(payload: number, bytes: Uint8Array): CRoundTrip;
  match(topic: Uint8Array): CTopicMatch | undefined;
  build(
    topic: number,
    scope: number,
    device: string | undefined,
    client: string | undefined,
    cap: number,
  ): [CCode, string];
}

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  input(): number;
  output(): number;
  output_len(): number;
  round_trip(payload: number, len: number): number;
  match(len: number): number;
  match_part(part: number): number;
  build(topic: number, scope: number, device: number, client: number, cap: number): number;
}

/** The part in use; the whole types come with the DOM library, which these packages do without. */
declare const WebAssembly: {
  instantiate(bytes: Uint8Array): Promise<{ readonly instance: { readonly exports: unknown } }>;
};

const AREA = 70_000;

/** Compiles a contract's C with clang (itself WebAssembly: no compiler needs to be installed). */
export async function compileContract(protocol: Protocol, prefix: string): Promise<CContractModule> {
  const files = generateC(protocol, { prefix });
  const sources = Object.fromEntries(files.map(({ path, content }) => [path, content]));
  const stem = snake(protocol.name);
  const flags =
    '--target=wasm32-wasip1 -mexec-model=reactor -nostartfiles -std=c11 -O1 -Wall -Wextra -Werror -Wconversion';
  const args = [...flags.split(' '), '-Wl,--no-entry', '-o', 'contract.wasm', `${stem}_protocol.c`, 'harness.c'];
  // The first command loads the compiler; only this one lets its progress be silenced.
  await commands.size(['--version'], {}, { fetchProgress: () => undefined, stdout: () => undefined });
  const built = await commands.clang(args, { ...sources, 'harness.c': harness(protocol, prefix) });
  const wasm = built?.['contract.wasm'];
  if (!(wasm instanceof Uint8Array)) throw new Error('clang made no WebAssembly');
  const { instance } = await WebAssembly.instantiate(wasm);
  return wrap(instance.exports as Exports);
}

function wrap(c: Exports): CContractModule {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const put = (bytes: Uint8Array, at: number): void => {
    new Uint8Array(c.memory.buffer, c.input() + at, bytes.length).set(bytes);
  };
  const outputBytes = (): Uint8Array => new Uint8Array(c.memory.buffer, c.output(), c.output_len()).slice();
  const output = (): string => decoder.decode(outputBytes());
  const code = (value: number): CCode => {
    const name = C_CODES[value];
    if (name === undefined) throw new Error(`no C verdict ${String(value)}`);
    return name;
  };
  return {
    roundTrip(payload, bytes) {
      put(bytes, 0);
      const verdict = c.round_trip(payload, bytes.length);
      const decoded = code(verdict % 16);
      if (verdict < 16) return { decoded };
      const encoded = code(Math.floor(verdict / 16) - 1);
      return encoded === 'ok' ? { decoded, encoded, text: output(), bytes: outputBytes() } : { decoded, encoded };
    },
    match(topic) {
      put(topic, 0);
      const index = c.match(topic.length);
      if (index === 0) return undefined;
      const part = (offset: number, len: number): string =>
        decoder.decode(topic.subarray(c.match_part(offset), c.match_part(offset) + c.match_part(len)));
      return { index, scope: c.match_part(0), device: part(1, 2), client: part(3, 4) };
    },
    build(topic, scope, device, client, cap) {
      const zeroTerminated = (value: string | undefined): Uint8Array => encoder.encode(`${value ?? ''}\0`);
      put(zeroTerminated(device), 0);
      put(zeroTerminated(client), AREA / 2);
      const verdict = c.build(topic, scope, device === undefined ? -1 : 0, client === undefined ? -1 : AREA / 2, cap);
      return [code(verdict), output()];
    },
  };
}

function harness(protocol: Protocol, prefix: string): string {
  const names = [
    ...Object.entries(protocol.topics).map(([leaf, topic]) => ({ name: leafName(leaf), payload: topic.payload })),
    ...Object.entries(protocol.documents).map(([key, payload]) => ({ name: snake(key), payload })),
  ];
  const cases = names.map(({ name, payload }, index) =>
    payload.encoding === 'empty'
      ? `case ${String(index)}: return (int)${prefix}_${name}_decode(in, len);`
      : `case ${String(index)}: { static ${prefix}_${name}_t value; ${prefix}_codec_t code = ${prefix}_${name}_decode(in, len, &value);
           if (code != ${prefix.toUpperCase()}_CODEC_OK) return (int)code;
           return 16 + 16 * (int)${prefix}_${name}_encode(&value, out, sizeof out, &out_len); }`,
  );
  return `
#include "${snake(protocol.name)}_protocol.h"
#define EXPORT(name) __attribute__((export_name(name)))
static uint8_t in[${String(AREA)}];
static char out[${String(AREA)}];
static size_t out_len;
static ${prefix}_topic_match_t found;
EXPORT("input") uint8_t *input(void) { return in; }
EXPORT("output") char *output(void) { return out; }
EXPORT("output_len") size_t output_length(void) { return out_len; }
EXPORT("round_trip") int round_trip(int payload, size_t len) {
  switch (payload) {
  ${cases.join('\n  ')}
  default: return -1;
  }
}
EXPORT("match") int match(size_t len) {
  return ${prefix}_topic_match((const char *)in, len, &found) ? (int)found.topic : 0;
}
EXPORT("match_part") size_t match_part(int part) {
  const size_t parts[] = {(size_t)found.scope, found.device_offset, found.device_len, found.client_offset, found.client_len};
  return parts[part];
}
EXPORT("build") int build(int topic, int scope, int device, int client, size_t cap) {
  return (int)${prefix}_topic_build((${prefix}_topic_t)topic, (${prefix}_scope_t)scope,
                          device < 0 ? NULL : (const char *)&in[device], client < 0 ? NULL : (const char *)&in[client],
                          out, cap, &out_len);
}
`;
}
