import { toPayloadModel, type FieldModel, type Protocol } from '@secure-esp/protocol';
import { CliError } from '../errors.js';

/** Leaves of a contract's commands that one device can be sent. */
export const commandLeaves = (protocol: Protocol): readonly string[] =>
  Object.entries(protocol.topics)
    .filter(([, topic]) => topic.direction === 'command' && topic.scopes.includes('device'))
    .map(([leaf]) => leaf);

/** Throws with the contract's commands if `leaf` is none of them. */
export function checkCommand(protocol: Protocol, leaf: string): void {
  const commands = commandLeaves(protocol);
  if (commands.includes(leaf)) return;
  const described = commands.map((name) => `  ${usageOf(protocol, name)}`).join('\n');
  throw new CliError(
    `there is no command "${leaf}" in the contract ${protocol.name}.`,
    `Its commands are:\n${described}`,
    2,
  );
}

/**
 * What was typed as the value of a command: a text payload is typed as it is sent, a JSON payload as JSON or as
 * `member=value …`, bytes in hex. Decoded here, so that a bad one is refused before it travels; the error names the field
 * and its limit.
 */
export function parseCommandValue(protocol: Protocol, leaf: string, words: readonly string[]): unknown {
  const payload = protocol.topics[leaf]?.payload;
  const verdict = protocol.codecs[leaf]?.decode(toBytes(protocol, leaf, words));
  if (payload === undefined || verdict === undefined) throw new TypeError(`${leaf} is no command`);
  if (verdict.ok) return verdict.value;
  const missing = words.length === 0 && payload.encoding !== 'empty';
  const what = missing ? 'it needs a value' : `${verdict.detail} (${verdict.code})`;
  throw new CliError(`${leaf}: ${what}.`, `Nothing was sent. It is: ${usageOf(protocol, leaf)}`, 2);
}

function toBytes(protocol: Protocol, leaf: string, words: readonly string[]): Uint8Array {
  const payload = protocol.topics[leaf]?.payload;
  const typed = words.join(' ');
  if (payload?.encoding === 'bytes') {
    if (!/^([0-9a-fA-F]{2})*$/.test(typed)) {
      throw new CliError(`${leaf}: bytes are typed as pairs of hex digits.`, 'For example `00ff7e`.', 2);
    }
    return new Uint8Array(Buffer.from(typed, 'hex'));
  }
  const pairs = payload?.encoding === 'json' && !/^\s*[{[]/.test(typed);
  return new TextEncoder().encode(pairs ? JSON.stringify(membersOf(leaf, modelOf(protocol, leaf), words)) : typed);
}

const modelOf = (protocol: Protocol, leaf: string): FieldModel | undefined => {
  const payload = protocol.topics[leaf]?.payload;
  const model = payload === undefined ? undefined : toPayloadModel(payload, leaf);
  return model?.kind === 'bytes' ? undefined : model;
};

/** `hue=120 on=true` by the types that the members have. */
function membersOf(leaf: string, model: FieldModel | undefined, words: readonly string[]): Record<string, unknown> {
  const types = new Map(
    (model?.kind === 'union' ? model.options : model?.kind === 'object' ? [model] : []).flatMap(({ members }) =>
      members.map(({ name, type }) => [name, type] as const),
    ),
  );
  const value: Record<string, unknown> = {};
  for (const word of words) {
    const [, name = '', typed = ''] = /^([^=]+)=(.*)$/su.exec(word) ?? [];
    const type = types.get(name);
    if (type === undefined) {
      const known = [...types.keys()].map((member) => `${member}=…`).join(' ');
      throw new CliError(`${leaf}: "${word}" is no member of its value.`, `Type JSON, or ${known}`, 2);
    }
    value[name] = memberOf(type, typed);
  }
  return value;
}

/** What is no JSON of the member's type goes as the text it is, which the contract then refuses by the member's name. */
function memberOf(type: FieldModel, typed: string): unknown {
  if (type.kind === 'string' || type.kind === 'enum') return typed;
  if (type.kind === 'literal' && typeof type.value === 'string') return typed;
  try {
    return JSON.parse(typed);
  } catch {
    return typed;
  }
}

/** One line: `update/interval <300..9999999>`. */
function usageOf(protocol: Protocol, leaf: string): string {
  const payload = protocol.topics[leaf]?.payload;
  const model = payload === undefined ? undefined : toPayloadModel(payload, leaf);
  if (payload?.encoding === 'empty' || model === undefined) return leaf;
  if (model.kind === 'bytes') return `${leaf} <hex, ${model.minBytes}..${model.maxBytes} bytes>`;
  return `${leaf} ${shapeOf(model)}`;
}

function shapeOf(model: FieldModel): string {
  switch (model.kind) {
    case 'integer':
      return `<${model.min}..${model.max}>`;
    case 'decimal':
      return `<${model.min / 10 ** model.decimals}..${model.max / 10 ** model.decimals}>`;
    case 'boolean':
      return '<0|1>';
    case 'enum':
      return `<${model.values.join('|')}>`;
    case 'literal':
      return String(model.value);
    case 'string':
      return '<text>';
    case 'array':
      return '<JSON array>';
    case 'object':
      return model.members.map(({ name, type, optional }) => memberShape(name, type, optional)).join(' ');
    case 'union':
      return model.options.map(shapeOf).join(' | ');
  }
}

function memberShape(name: string, type: FieldModel, optional: boolean): string {
  const shape = `${name}=${type.kind === 'boolean' ? '<true|false>' : type.kind === 'object' || type.kind === 'union' ? '<JSON>' : shapeOf(type)}`;
  return optional ? `[${shape}]` : shape;
}
