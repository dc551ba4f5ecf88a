import { ProtocolError } from './errors.js';

/** Longest device id, also the longest certificate CN and MQTT client id. */
export const DEVICE_ID_MAX_BYTES = 64;

/** Characters of a topic parameter and their number, per parameter name. */
export const TOPIC_PARAMETERS = Object.freeze({
  device: { minBytes: 1, maxBytes: DEVICE_ID_MAX_BYTES },
  client: { minBytes: 16, maxBytes: 64 },
});

/** Name of a topic parameter: a key of {@link TOPIC_PARAMETERS}. */
export type TopicParameter = keyof typeof TOPIC_PARAMETERS;

const LEVEL = /^[A-Za-z0-9_-]{1,64}$/;
const PARAMETER = /^\{([a-z]+)\}$/;

const isParameter = (name: string | undefined): name is TopicParameter =>
  name !== undefined && Object.hasOwn(TOPIC_PARAMETERS, name);

/** The parameter that a level such as `{client}` stands for. */
export function parameterOf(level: string): TopicParameter | undefined {
  const name = PARAMETER.exec(level)?.[1];
  return isParameter(name) ? name : undefined;
}

/** True if `value` may stand for the parameter: `[A-Za-z0-9_-]` within its length, so never `+`, `#` or `/`. */
export function isParameterValue(parameter: TopicParameter, value: string): boolean {
  const { minBytes, maxBytes } = TOPIC_PARAMETERS[parameter];
  return value.length >= minBytes && value.length <= maxBytes && LEVEL.test(value);
}

/** True for `[A-Za-z0-9_-]{1,64}`: device id = certificate CN = MQTT client id and user name. */
export const isDeviceId = (value: string): boolean => isParameterValue('device', value);

/** Throws `invalid_definition` unless `root` is `/level(/level)*` of at most 64 bytes. */
export function checkRoot(root: string): void {
  const levels = root.split('/').slice(1);
  if (!root.startsWith('/') || root.length > 64 || !levels.every((level) => LEVEL.test(level))) {
    throw new ProtocolError(
      'invalid_definition',
      `root: must be "/level(/level)*" of [A-Za-z0-9_-], at most 64 bytes, got "${root}"`,
      'root',
    );
  }
}

/** Throws `invalid_definition` unless `leaf` is `level(/level)*`, at most 64 bytes, `devices` not first, at most one `{client}`. */
export function checkLeaf(leaf: string): void {
  const levels = leaf.split('/');
  const valid = levels.every(
    (level) => LEVEL.test(level) || (parameterOf(level) !== undefined && parameterOf(level) !== 'device'),
  );
  const parameters = levels.filter((level) => parameterOf(level) !== undefined);
  if (!valid || leaf.length > 64 || levels[0] === 'devices' || parameters.length > 1) {
    throw new ProtocolError(
      'invalid_definition',
      `${leaf}: a topic leaf must be "level(/level)*" of [A-Za-z0-9_-] or one {client}, at most 64 bytes, not below "devices"`,
      leaf,
    );
  }
}

/** True if one topic could be both leaves, as brokers see it: a parameter stands for any level. */
export function leavesOverlap(one: string, other: string): boolean {
  const levels = other.split('/');
  const own = one.split('/');
  return (
    own.length === levels.length &&
    own.every((level, index) => {
      const counterpart = levels[index] ?? '';
      return level === counterpart || parameterOf(level) !== undefined || parameterOf(counterpart) !== undefined;
    })
  );
}
