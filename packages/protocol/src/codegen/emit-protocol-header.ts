import { decimalText } from '../decimal.js';
import { printHeader } from './banner.js';
import type { CContract, CDecimal, CEnum, CInteger, CItem, CMember, CObject, CPayload, CStruct } from './c-model.js';
import { handshakeMacro } from './emit-topics-header.js';
import { upper } from './names.js';
import { Printer } from './printer.js';

/** `<contract>_protocol.h`: sizes, enums, structs, decoders and encoders. */
export function emitProtocolHeader(contract: CContract): string {
  const out = new Printer();
  const topicsFile = `${contract.fileStem}_topics.h`;
  printHeader(out, contract, {
    file: `${contract.fileStem}_protocol.h`,
    brief: 'Payloads of the contract: bounded structs, heap-free decoders and encoders.',
    includes: ['<stdbool.h>', '<stddef.h>', '<stdint.h>', `"${topicsFile}"`],
    declarations: () => {
      out.line(`#ifndef ${handshakeMacro(contract)}`);
      out.line(`#error "${topicsFile} and ${contract.fileStem}_protocol.h are of different contracts: generate both"`);
      out.line('#endif').blank();
      printSizes(out, contract);
      for (const type of contract.enums) printEnum(out, type);
      for (const struct of contract.structs) printStruct(out, struct);
      printInitialisers(out, contract);
      printFunctions(out, contract);
    },
  });
  return out.toString();
}

function printSizes(out: Printer, contract: CContract): void {
  const macro = contract.macroPrefix;
  const topicSizes = contract.payloads.slice(0, contract.topics.length).map(({ maxBytes }) => maxBytes);
  out.line('/* Longest encoded payloads, bytes. The first is the longest of all topics (documents aside). */').blank();
  out.defines([
    [`${macro}_PAYLOAD_MAX_BYTES`, `(${String(Math.max(0, ...topicSizes))}u)`],
    ...contract.payloads.map(
      ({ name, maxBytes }) => [`${macro}_${upper(name)}_MAX_BYTES`, `(${String(maxBytes)}u)`] as const,
    ),
  ]);
  if (contract.limits.length > 0) {
    out.blank().line('/* Longest strings, bytes without terminator, and largest arrays, items. */').blank();
    out.defines(contract.limits);
  }
  out.blank();
}

function printEnum(out: Printer, type: CEnum): void {
  out.doc(type.count === undefined ? `${type.path}: which option of the union is held.` : `Values of ${type.path}.`);
  out.line('typedef enum {').indent(() => {
    for (const [index, { name, text }] of type.enumerators.entries()) {
      const comma = index < type.enumerators.length - 1 ? ',' : '';
      out.line(`${name} = ${String(index)}${comma}${type.count === undefined ? ` /* ${text} */` : ''}`);
    }
  });
  out.line(`} ${type.type};`).blank();
  if (type.count === undefined) return;
  out.line(`#define ${type.count} (${String(type.enumerators.length)}u)`).blank();
  out.doc('The value as it stands on the wire; "unknown" beyond the last.');
  out.line(`const char *${type.stem}_to_string(${type.type} value);`).blank();
}

function printStruct(out: Printer, struct: CStruct): void {
  out.doc(`${struct.path}${struct.body.kind === 'union' ? `: told apart by "${struct.body.discriminator}".` : ''}`);
  out.line('typedef struct {').indent(() => {
    const { body } = struct;
    if (body.kind === 'object') {
      printMembers(out, body);
      return;
    }
    out.line(`${body.kinds.type} kind;`);
    out.line('union {').indent(() => {
      for (const option of body.options) {
        out
          .line(`struct {`)
          .indent(() => {
            printMembers(out, option.object);
          })
          .line(`} ${option.field}; /* ${option.enumerator} */`);
      }
    });
    out.line('} as;');
  });
  out.line(`} ${struct.type};`).blank();
}

function printMembers(out: Printer, object: CObject): void {
  let stored = 0;
  for (const member of object.members) {
    if (member.has !== undefined) out.line(`bool ${member.has};`);
    if (member.isNull !== undefined) out.line(`bool ${member.isNull};`);
    if (member.has !== undefined || member.isNull !== undefined) stored++;
    if (!member.type.stored) continue;
    stored++;
    if (member.type.kind === 'array' || member.type.kind === 'bytes') out.line(`size_t ${member.type.count};`);
    out.line(declaration(member));
  }
  if (stored === 0) out.line('uint8_t unused_; /* nothing to hold; C wants a member */');
}

function declaration({ field, type }: CMember): string {
  if (type.kind === 'literal') return '';
  if (type.kind === 'bytes') return `uint8_t ${field}[${String(type.maxBytes)}];`;
  const item = type.kind === 'array' ? type.item : type;
  const items = type.kind === 'array' ? `[${String(type.maxItems)}]` : '';
  const capacity = item.kind === 'string' ? `[${String(item.maxBytes)} + 1]` : '';
  const note = item.kind === 'integer' || item.kind === 'decimal' ? ` /* ${rangeOf(item)} */` : '';
  return `${itemType(item)} ${field}${items}${capacity};${note}`;
}

/** `5.0..35.0 in units of 0.1`: bounds as people write them. */
function rangeOf(item: CInteger | CDecimal): string {
  const { min, max } = item;
  if (item.kind === 'integer') return `${String(min)}..${String(max)}`;
  const { decimals } = item;
  const unit = decimalText(1, decimals);
  return `${String(min)}..${String(max)}: ${decimalText(min, decimals)}..${decimalText(max, decimals)} in units of ${unit}`;
}

function itemType(item: CItem): string {
  switch (item.kind) {
    case 'string':
      return 'char';
    case 'integer':
    case 'decimal':
      return item.type;
    case 'boolean':
      return 'bool';
    case 'enum':
      return item.values.type;
    case 'struct':
      return item.struct.type;
  }
}

function printInitialisers(out: Printer, contract: CContract): void {
  const stored = contract.payloads.filter(({ struct }) => struct !== undefined);
  if (stored.length === 0) return;
  const macro = contract.macroPrefix;
  out.line('/* Initialisers: everything zero, false, empty. */').blank();
  out
    .line('#ifdef __cplusplus')
    .line(`#define ${macro}_INIT {}`)
    .line('#else')
    .line(`#define ${macro}_INIT {0}`)
    .line('#endif');
  out.defines(stored.map(({ name }) => [`${macro}_${upper(name)}_INIT`, `${macro}_INIT`] as const));
  out.blank();
}

function printFunctions(out: Printer, contract: CContract): void {
  const macro = `${contract.macroPrefix}_CODEC`;
  out.doc(
    `Decoders: bytes from the network to a struct. ${macro}_OK, or ${macro}_BAD_PAYLOAD, _OUT_OF_RANGE or _TOO_LONG and a ` +
      'struct of zeros. They allocate nothing, keep no pointer to data, and data may be NULL if len is 0. The buffers of ' +
      'one call must not overlap.',
  );
  out
    .blank()
    .doc(
      `Encoders: a struct to text, NUL-terminated. ${macro}_OK, or ${macro}_BAD_VALUE (the struct is not in the contract) or ` +
        '_NO_SPACE (longer than out_cap - 1 or than the payload may be) and the empty string: nothing is cut off. out_len ' +
        '(without terminator) may be NULL.',
    );
  for (const payload of contract.payloads) printPayloadFunctions(out, contract, payload);
}

function printPayloadFunctions(
  out: Printer,
  { prefix }: CContract,
  { name, path, struct, description }: CPayload,
): void {
  const returns = `${prefix}_codec_t ${prefix}_${name}`;
  out.blank().doc(`${path}: ${description}`);
  if (struct === undefined) {
    out.line(`${returns}_decode(const uint8_t *data, size_t len);`);
    return;
  }
  out.line(`${returns}_decode(const uint8_t *data, size_t len, ${struct.type} *out);`);
  out.line(`${returns}_encode(const ${struct.type} *in, char *out, size_t out_cap, size_t *out_len);`);
}
