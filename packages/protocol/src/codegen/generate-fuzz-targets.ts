import type { Protocol } from '../define-protocol.js';
import { printBanner } from './banner.js';
import { buildCModel } from './build-c-model.js';
import type { CContract, CPayload, CStruct } from './c-model.js';
import { COMMON_CHECKS, PAYLOAD_CHECKS, TOPIC_CHECKS } from './fuzz-checks.js';
import { fuzzDictionary } from './fuzz-dictionary.js';
import { generateC, type GenerateCOptions, type GeneratedFile } from './generate-c.js';
import { upper } from './names.js';
import { Printer } from './printer.js';

/**
 * Generates libFuzzer targets for the C of {@link generateC}, for a folder `fuzz/` beside it: one program per payload and
 * document, `<name>_<payload>_fuzz.c`, and `<name>_topic_match_fuzz.c` for the topics; what they share in `<name>_fuzz.h`,
 * and the words of the contract in `<name>.dict`. `options` must be those of the C.
 *
 * A target aborts, and says why, when a decoder or encoder breaks what its header promises: zeros after a refusal, every
 * decoded value can be encoded and keeps its meaning, no buffer is too small by one, nothing is cut off. Accesses out of
 * bounds are the sanitizers' part, so every buffer is a block of exactly its size.
 *
 *     clang -g -O1 -fsanitize=fuzzer,address,undefined -I. fuzz/lamp_status_fuzz.c lamp_protocol.c -o status_fuzz
 *     ./status_fuzz -dict=fuzz/lamp.dict corpus/
 *
 * Throws `ProtocolError` `invalid_definition` where `generateC` does.
 */
export function generateFuzzTargets(protocol: Protocol, options: GenerateCOptions = {}): readonly GeneratedFile[] {
  generateC(protocol, options); // refuses bad options and what C cannot hold
  const contract = buildCModel(protocol, { prefix: options.prefix ?? 'sesp', license: options.license });
  const stem = `fuzz/${contract.fileStem}`;
  const topics = { path: `${stem}_topic_match_fuzz.c`, content: topicTarget(contract) };
  return [
    { path: `${stem}_fuzz.h`, content: sharedHeader(contract) },
    ...(contract.topics.length > 0 ? [topics] : []),
    ...contract.payloads.map((payload) => ({
      path: `${stem}_${payload.name}_fuzz.c`,
      content: payload.struct === undefined ? emptyTarget(contract, payload) : payloadTarget(contract, payload),
    })),
    { path: `${stem}.dict`, content: fuzzDictionary(contract) },
  ];
}

const withPrefix = (code: string, { prefix, macroPrefix }: CContract): string =>
  code
    .trim()
    .replace(/\bsesp_/g, `${prefix}_`)
    .replace(/\bSESP_/g, `${macroPrefix}_`);

function sharedHeader(contract: CContract): string {
  const out = new Printer();
  const guard = `${upper(contract.fileStem)}_FUZZ_H`;
  printBanner(out, contract, 'What the fuzz targets share: the promises of decoders and encoders, as checks.');
  out.line(`#ifndef ${guard}`).line(`#define ${guard}`).blank();
  for (const header of ['stdio', 'stdlib', 'string']) out.line(`#include <${header}.h>`);
  out.line(`#include "${contract.fileStem}_protocol.h"`).blank();
  out.lines(withPrefix(COMMON_CHECKS, contract));
  if (contract.payloads.some(({ struct }) => struct !== undefined)) {
    out.blank().lines(withPrefix(PAYLOAD_CHECKS, contract));
  }
  return out.blank().line(`#endif /* ${guard} */`).toString();
}

function target(contract: CContract, brief: string, body: (out: Printer) => void): string {
  const out = new Printer();
  printBanner(out, contract, brief);
  out.line(`#include "${contract.fileStem}_fuzz.h"`).blank();
  body(out);
  return out.toString();
}

const topicTarget = (contract: CContract): string =>
  target(contract, 'Fuzz target of the topic matcher and the topic builder: each undoes the other.', (out) => {
    out.lines(withPrefix(TOPIC_CHECKS, contract));
  });

const emptyTarget = (contract: CContract, { name, path }: CPayload): string =>
  target(contract, `Fuzz target of ${path}: no payload but the empty one.`, (out) => {
    printEntry(out, () => {
      out.line('uint8_t *const copy = new_copy(data, size);').blank();
      const accepted = `${contract.prefix}_${name}_decode(copy, size) == ${contract.macroPrefix}_CODEC_OK`;
      out.line(`require((${accepted}) == (size == 0u), "${name}",`);
      out.line('        "the empty payload is accepted, and no other");').line('free(copy);').line('return 0;');
    });
  });

function payloadTarget(contract: CContract, { name, path, struct, encoding }: CPayload): string {
  const { prefix, macroPrefix } = contract;
  return target(contract, `Fuzz target of ${path}: decoder and encoder.`, (out) => {
    const type = struct?.type ?? '';
    out.function(`static ${prefix}_codec_t decode(const uint8_t *data, size_t len, void *out)`, () => {
      out.line(`return ${prefix}_${name}_decode(data, len, (${type} *)out);`);
    });
    out.function(`static ${prefix}_codec_t encode(const void *in, char *out, size_t out_cap, size_t *out_len)`, () => {
      out.line(`return ${prefix}_${name}_encode((const ${type} *)in, out, out_cap, out_len);`);
    });
    printEntry(out, () => {
      out.block(
        'static const payload_t payload =',
        () => {
          out.line(`.name = "${name}",`);
          out.line(`.struct_size = sizeof(${type}),`);
          out.line(`.max_bytes = ${macroPrefix}_${upper(name)}_MAX_BYTES,`);
          out.line(`.grows = ${String(encoding === 'json')},`);
          out.line(`.verbatim = ${String(encoding !== 'json' && isVerbatim(struct))},`);
          out.line('.decode = decode,').line('.encode = encode,');
        },
        ';',
      );
      out.blank().line('check_payload(&payload, data, size);').line('return 0;');
    });
  });
}

/** True where a value has one spelling; numbers have more, `-0` and `0` at least. */
function isVerbatim(struct: CStruct | undefined): boolean {
  if (struct?.body.kind !== 'object') return false;
  return struct.body.members.every(({ type }) => ['string', 'boolean', 'enum', 'bytes'].includes(type.kind));
}

const printEntry = (out: Printer, body: () => void): void => {
  out.function('int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)', body);
};
