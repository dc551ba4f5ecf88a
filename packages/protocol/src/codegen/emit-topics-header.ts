import { DEVICE_ID_MAX_BYTES, parameterOf, TOPIC_PARAMETERS } from '../topic-grammar.js';
import { printHeader } from './banner.js';
import type { CContract, CTopic } from './c-model.js';
import { upper } from './names.js';
import { cString, Printer } from './printer.js';

/** `<contract>_topics.h`: constants, topics, and the functions that match and build them. */
export function emitTopicsHeader(contract: CContract): string {
  const out = new Printer();
  printHeader(out, contract, {
    file: `${contract.fileStem}_topics.h`,
    brief: 'Topics of the contract: constants, exact matching, building.',
    includes: ['<stdbool.h>', '<stddef.h>', '<stdint.h>'],
    declarations: () => {
      printConstants(out, contract);
      printStatus(out, contract);
      printTopics(out, contract);
      printFunctions(out, contract);
    },
  });
  return out.toString();
}

/** Defined by the topics header and asked for by the others: files of two contracts do not mix. */
export const handshakeMacro = (contract: CContract): string =>
  `${contract.macroPrefix}_CONTRACT_IS_${contract.contractHash.toUpperCase()}`;

/** Longest concrete topic of a contract, bytes. */
export function topicMaxBytes(contract: CContract): number {
  const lengths = contract.topics.map(({ leaf, definition }) => {
    const device = definition.scopes.includes('device') ? '/devices/'.length + DEVICE_ID_MAX_BYTES : 0;
    const levels = leaf.split('/').map((level) => {
      const parameter = parameterOf(level);
      return parameter === undefined ? level.length : TOPIC_PARAMETERS[parameter].maxBytes;
    });
    return contract.root.length + device + levels.reduce((sum, length) => sum + 1 + length, 0);
  });
  return Math.max(0, ...lengths);
}

function printConstants(out: Printer, contract: CContract): void {
  const macro = contract.macroPrefix;
  const { client } = TOPIC_PARAMETERS;
  out.line('/* Contract */').blank();
  out.defines([
    [`${macro}_PROTOCOL_VERSION`, `(${String(contract.version)}u)`],
    [`${macro}_CONTRACT_HASH`, cString(contract.contractHash)],
    [`${macro}_TOPIC_ROOT`, cString(contract.root)],
    [`${macro}_TOPIC_MAX_BYTES`, `(${String(topicMaxBytes(contract))}u) /* longest concrete topic, no terminator */`],
    [`${macro}_DEVICE_ID_MAX_BYTES`, `(${String(DEVICE_ID_MAX_BYTES)}u)`],
    [`${macro}_CLIENT_ID_MIN_BYTES`, `(${String(client.minBytes)}u)`],
    [`${macro}_CLIENT_ID_MAX_BYTES`, `(${String(client.maxBytes)}u)`],
  ]);
  out.blank().line('/* Handshake with the files generated along with this one. */');
  out.line(`#define ${handshakeMacro(contract)} 1`).blank();
}

function printStatus(out: Printer, contract: CContract): void {
  const codec = `${contract.macroPrefix}_CODEC`;
  out.doc('Verdict of a decoder or encoder. The first four are also what a device answers to a command.');
  out.line('typedef enum {').indent(() => {
    out.line(`${codec}_OK = 0,`);
    out.line(`${codec}_BAD_PAYLOAD = 1,  /* not in the language of the payload */`);
    out.line(`${codec}_OUT_OF_RANGE = 2, /* a number or a count beyond its bounds */`);
    out.line(`${codec}_TOO_LONG = 3,     /* the payload or a string exceeds its size */`);
    out.line(`${codec}_NO_SPACE = 4,     /* encoders: does not fit the buffer, or the payload's size bound */`);
    out.line(`${codec}_BAD_VALUE = 5     /* encoders: the value is not in the contract */`);
  });
  out.line(`} ${contract.prefix}_codec_t;`).blank();
}

function printTopics(out: Printer, contract: CContract): void {
  const macro = contract.macroPrefix;
  out.line('/* Topics */').blank();
  out.doc(`Topic by its leaf; its parameters are left out of the name.`);
  out.line('typedef enum {').indent(() => {
    out.line(`${macro}_TOPIC_NONE = 0,`);
    for (const topic of contract.topics) {
      out.line(`${topic.enumerator}, /* ${topic.definition.direction}: ${topic.leaf} */`);
    }
    out.line(`${macro}_TOPIC_COUNT`);
  });
  out.line(`} ${contract.prefix}_topic_t;`).blank();
  out.doc('Whom a topic addresses: every device, or the one that it names.');
  out.line('typedef enum {').indent(() => {
    out.line(`${macro}_SCOPE_ALL = 0,`);
    out.line(`${macro}_SCOPE_DEVICE = 1`);
  });
  out.line(`} ${contract.prefix}_scope_t;`);
  for (const topic of contract.topics) printTopic(out, contract, topic);
  printTable(out, contract);
}

function printTopic(out: Printer, contract: CContract, topic: CTopic): void {
  const { definition, enumerator } = topic;
  out.blank().doc([definition.description, ...notesOf(definition)].join(' '));
  const defines: [string, string][] = [];
  if (definition.scopes.includes('all')) defines.push([`${enumerator}_ALL`, cString(`${contract.root}/${topic.leaf}`)]);
  defines.push([`${enumerator}_QOS`, `(${String(definition.qos)}u)`]);
  if (definition.direction === 'event') defines.push([`${enumerator}_RETAIN`, definition.retain ? '(1u)' : '(0u)']);
  else defines.push([`${enumerator}_EXPIRY_S`, `(${String(definition.expirySeconds)}u)`]);
  out.defines(defines);
}

/** Since when a topic exists, and what to use instead of it. */
function notesOf({ since, deprecated }: CTopic['definition']): string[] {
  return [
    ...(since === undefined ? [] : [`Since version ${String(since)} of the contract.`]),
    ...(deprecated === undefined ? [] : [`Deprecated: ${deprecated}`]),
  ];
}

function printTable(out: Printer, contract: CContract): void {
  const rows = contract.topics.map(
    ({ name, definition }) => `X(${upper(name)}, ${name}, ${definition.direction.toUpperCase()})`,
  );
  out.blank().doc('Calls X(NAME, name, COMMAND or EVENT) for every topic, to build tables from the contract.');
  out.line(`#define ${contract.macroPrefix}_TOPICS(X) ${rows.length > 0 ? '\\' : ''}`.trimEnd());
  out.indent(() => {
    for (const [index, row] of rows.entries()) out.line(index < rows.length - 1 ? `${row} \\` : row);
  });
}

function printFunctions(out: Printer, contract: CContract): void {
  const { prefix, macroPrefix } = contract;
  out.blank().line('/* Functions */').blank();
  out.doc(
    'What a concrete topic means. Offsets count bytes from its start; a length is 0 where the topic has no such part.',
  );
  out.line('typedef struct {').indent(() => {
    out.line(`${prefix}_topic_t topic;`);
    out.line(`${prefix}_scope_t scope;`);
    for (const part of ['device_offset', 'device_len', 'client_offset', 'client_len']) out.line(`size_t ${part};`);
  });
  out.line(`} ${prefix}_topic_match_t;`).blank();
  out.doc(
    `Matches a whole topic: no prefixes, no wildcards. False, and out->topic ${macroPrefix}_TOPIC_NONE, for any other. ` +
      'The caller compares the device with its own.',
  );
  out.line(`bool ${prefix}_topic_match(const char *topic, size_t topic_len, ${prefix}_topic_match_t *out);`).blank();
  out.doc(
    'Builds a concrete topic, NUL-terminated. device and client may be NULL where the topic has no such part. out_len ' +
      `(without terminator) may be NULL. ${macroPrefix}_CODEC_BAD_VALUE: no such topic in this scope, or a parameter ` +
      `outside [A-Za-z0-9_-] and its length (wildcards too); ${macroPrefix}_CODEC_NO_SPACE: the buffer is too small. out ` +
      'is then the empty string.',
  );
  out.line(
    `${prefix}_codec_t ${prefix}_topic_build(${prefix}_topic_t topic, ${prefix}_scope_t scope, const char *device,`,
  );
  out.line(
    `${' '.repeat(`${prefix}_codec_t ${prefix}_topic_build(`.length)}const char *client, char *out, size_t out_cap, size_t *out_len);`,
  );
  out
    .blank()
    .doc(`True for [A-Za-z0-9_-]{1,${String(DEVICE_ID_MAX_BYTES)}}: device id, certificate CN and MQTT client id.`);
  out.line(`bool ${prefix}_device_id_valid(const char *id, size_t len);`);
}
