import { decimalText } from '../decimal.js';
import type { Protocol } from '../define-protocol.js';
import { describeProtocol } from '../describe-protocol.js';
import type { PayloadForm, TopicForm } from '../contract-form.js';
import type { FieldModel, MemberModel } from '../model.js';

/**
 * The contract's topics as Markdown: one table of commands, one of events, one of documents; each only if there are any.
 * Equal contracts below equal roots give equal bytes.
 */
export function generateTopicTable(protocol: Protocol): string {
  const { name, version, contractHash, root, topics, documents } = describeProtocol(protocol);
  const rows = (direction: TopicForm['direction']): string[][] =>
    Object.entries(topics)
      .filter(([, topic]) => topic.direction === direction)
      .map(([leaf, topic]) => topicRow(root, leaf, topic));
  const documentRows = Object.entries(documents).map(([key, payload]) => [code(key), payloadCell(payload)]);
  return [
    `# Topics of ${name} ${String(version)}`,
    `Contract hash \`${contractHash}\`.`,
    ...section('Commands', ['Topic', 'Payload', 'QoS', 'Expiry', 'Description'], rows('command')),
    ...section('Events', ['Topic', 'Payload', 'QoS', 'Retained', 'Description'], rows('event')),
    ...section('Documents', ['Document', 'Content'], documentRows),
  ]
    .join('\n\n')
    .concat('\n');
}

function section(title: string, head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [`## ${title}`, [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')];
}

function topicRow(root: string, leaf: string, topic: TopicForm): string[] {
  const names = [...new Set(topic.scopes)].map((scope) =>
    code(scope === 'all' ? `${root}/${leaf}` : `${root}/devices/{device}/${leaf}`),
  );
  const delivery = topic.direction === 'command' ? `${String(topic.expirySeconds)} s` : topic.retain ? 'yes' : 'no';
  return [names.join('<br>'), payloadCell(topic.payload), String(topic.qos), delivery, descriptionCell(topic)];
}

function descriptionCell({ description, since, deprecated }: TopicForm): string {
  const notes = [
    prose(description),
    ...(since === undefined ? [] : [`Since version ${String(since)}.`]),
    ...(deprecated === undefined ? [] : [`**Deprecated:** ${prose(deprecated)}`]),
  ];
  return notes.filter((note) => note !== '').join(' ');
}

function payloadCell({ encoding, maxBytes, model }: PayloadForm): string {
  if (model === null) return 'empty';
  if (model.kind === 'bytes') return `${span(model.minBytes, model.maxBytes)} bytes`;
  const bound = `at most ${String(maxBytes)} bytes`;
  return encoding === 'text' ? `${code(shapeOf(model))} as text, ${bound}` : `${code(shapeOf(model))}, ${bound}`;
}

function shapeOf(model: FieldModel): string {
  switch (model.kind) {
    case 'string':
      return `${model.format === 'utf8' ? 'string' : model.format}(${span(model.minBytes, model.maxBytes)} bytes)`;
    case 'integer':
      return span(model.min, model.max);
    case 'decimal': {
      const [min, max, step] = [model.min, model.max, 1].map((scaled) => decimalText(scaled, model.decimals));
      return `${String(min)}..${String(max)} by ${String(step)}`;
    }
    case 'boolean':
      return 'boolean';
    case 'literal':
      return JSON.stringify(model.value);
    case 'enum':
      return model.values.map((value) => JSON.stringify(value)).join(' | ');
    case 'array':
      return `[${shapeOf(model.item)}]{${span(model.minItems, model.maxItems)}}`;
    case 'object':
      return `{${model.members.map(memberShape).join(', ')}}${model.strict ? ' strict' : ''}`;
    case 'union':
      return model.options.map(shapeOf).join(' or ');
  }
}

const span = (min: number, max: number): string => (min === max ? String(min) : `${String(min)}..${String(max)}`);

const memberShape = (member: MemberModel): string =>
  `${member.name}${member.optional ? '?' : ''}: ${shapeOf(member.type)}${member.nullable ? ' | null' : ''}${defaultShape(member)}`;

function defaultShape({ type, default: value }: MemberModel): string {
  if (value === undefined) return '';
  return ` = ${type.kind === 'decimal' ? decimalText(Number(value), type.decimals) : JSON.stringify(value)}`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** A pipe ends a cell even in code, a line break the row; a backtick would end the code. */
const code = (text: string): string => `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;

const prose = (text: string): string =>
  text
    .replace(/[&<>]/g, (char) => ENTITIES[char] ?? char)
    .replace(/[\\`*_[\]|]/g, String.raw`\$&`)
    .replace(/\s+/g, ' ')
    .trim();
