import type { Protocol } from './define-protocol.js';
import { ProtocolError } from './errors.js';
import type { Scope } from './topic-definition.js';
import { isParameterValue, parameterOf, type TopicParameter } from './topic-grammar.js';

/** Where a topic is addressed: every device, or one (`+` is for subscriptions and matches any device). */
export type Address =
  { readonly scope: 'all' } | { readonly scope: 'device'; readonly device: string; readonly client?: string };

/** What a concrete topic means. */
export interface TopicMatch<K extends string = string> {
  readonly leaf: K;
  readonly scope: Scope;
  /** The device named in the topic; absent in scope `all`. */
  readonly device?: string;
  /** The client named in the topic, for leaves that have one. */
  readonly client?: string;
}

/**
 * The topic (or, with `+` as a parameter, the filter) of a leaf. Throws `invalid_topic` if the leaf has no such scope or
 * a parameter has characters outside `[A-Za-z0-9_-]`.
 */
export function topicOf<P extends Protocol>(protocol: P, leaf: keyof P['topics'] & string, address: Address): string {
  const definition = protocol.topics[leaf];
  if (definition?.scopes.includes(address.scope) !== true) {
    throw new ProtocolError(
      'invalid_topic',
      `${leaf}: this contract has no such topic in scope "${address.scope}"`,
      leaf,
    );
  }
  const given: { device?: string; client?: string } = address.scope === 'device' ? address : {};
  const levels = leaf.split('/').map((level) => {
    const parameter = parameterOf(level);
    return parameter === undefined ? level : fill(leaf, parameter, given[parameter]);
  });
  const prefix = address.scope === 'all' ? [] : ['devices', fill(leaf, 'device', address.device)];
  return [protocol.root, ...prefix, ...levels].join('/');
}

function fill(leaf: string, parameter: TopicParameter, value: string | undefined): string {
  if (value !== undefined && (value === '+' || isParameterValue(parameter, value))) return value;
  throw new ProtocolError(
    'invalid_topic',
    `${leaf}: parameter {${parameter}} must be [A-Za-z0-9_-] within its length limit`,
    leaf,
  );
}

/** Matches a whole concrete topic, or `undefined`: no prefixes, no wildcards. */
export function matchTopic<P extends Protocol>(
  protocol: P,
  topic: string,
): TopicMatch<keyof P['topics'] & string> | undefined {
  if (!topic.startsWith(`${protocol.root}/`)) return undefined;
  const levels = topic.slice(protocol.root.length + 1).split('/');
  const scope: Scope = levels[0] === 'devices' ? 'device' : 'all';
  const [, device = ''] = levels;
  if (scope === 'device' && !isParameterValue('device', device)) return undefined;
  const rest = scope === 'device' ? levels.slice(2) : levels;
  for (const [leaf, definition] of Object.entries(protocol.topics)) {
    if (!definition.scopes.includes(scope)) continue;
    const parameters = matchLevels(leaf.split('/'), rest);
    if (parameters !== undefined) return { leaf, scope, ...(scope === 'device' ? { device } : {}), ...parameters };
  }
  return undefined;
}

function matchLevels(pattern: readonly string[], levels: readonly string[]): { client?: string } | undefined {
  if (pattern.length !== levels.length) return undefined;
  const parameters: { client?: string } = {};
  for (const [index, expected] of pattern.entries()) {
    const level = levels[index] ?? '';
    const parameter = parameterOf(expected);
    if (parameter === undefined) {
      if (level !== expected) return undefined;
    } else if (!isParameterValue(parameter, level)) return undefined;
    else if (parameter === 'client') parameters.client = level;
  }
  return parameters;
}
