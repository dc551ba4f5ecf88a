/** The few packets of MQTT 5 (OASIS standard, chapter 3) that a doctor needs, and no client library hides. */

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([uint16(bytes.length), bytes]);
};
const uint16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

/** 1.5.5 */
const variable = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...variable(value >> 7)];

const packet = (head: number, ...parts: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([head, ...variable(body.length)]), body]);
};

/** Clean start, no session afterwards, keep-alive of a minute, no last will. */
export const connectPacket = (clientId: string): Buffer =>
  packet(0x10, text('MQTT'), Buffer.from([5, 0x02, 0, 60, 0]), text(clientId));

/** QoS 0. */
export const subscribePacket = (id: number, filters: readonly string[]): Buffer =>
  packet(0x82, uint16(id), Buffer.from([0]), ...filters.flatMap((filter) => [text(filter), Buffer.from([0])]));

/** QoS 1, not retained, without payload, gone after a second. */
export const publishPacket = (id: number, topic: string): Buffer =>
  packet(0x32, text(topic), uint16(id), Buffer.from([5, 0x02, 0, 0, 0, 1]));

export const pubackPacket = (id: number): Buffer => packet(0x40, uint16(id));
export const DISCONNECT_PACKET = Buffer.from([0xe0, 0]);

/** A packet as it came: the upper half of its first byte, the lower one, and its body. */
export interface Received {
  readonly type: number;
  readonly flags: number;
  readonly body: Buffer;
}

export const CONNACK = 2;
export const PUBLISH = 3;
export const PUBACK = 4;
export const SUBACK = 9;
export const DISCONNECT = 14;

/** Takes whole packets off the front of what was received; `undefined` for what cannot be MQTT. */
export function splitPackets(bytes: Buffer): { packets: Received[]; rest: Buffer } | undefined {
  const packets: Received[] = [];
  let rest = bytes;
  for (;;) {
    const [head = 0] = rest;
    const length = variableAt(rest, 1);
    if (length === 'malformed') return undefined;
    if (length === undefined || rest.length < length.end + length.value) return { packets, rest };
    packets.push({ type: head >> 4, flags: head & 0x0f, body: rest.subarray(length.end, length.end + length.value) });
    rest = rest.subarray(length.end + length.value);
  }
}

function variableAt(bytes: Buffer, start: number): { value: number; end: number } | 'malformed' | undefined {
  let value = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[start + index];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * 0x80 ** index;
    if (byte < 0x80) return { value, end: start + index + 1 };
  }
  return 'malformed';
}

/** Reason codes of a SUBACK, one for each filter. */
export function subackReasons({ body }: Received): readonly number[] {
  const properties = variableAt(body, 2);
  return typeof properties === 'object' ? [...body.subarray(properties.end + properties.value)] : [];
}

/** Topic and payload of a PUBLISH; `id` if it wants to be acknowledged, as of some brokers even what was asked for with QoS 0. */
export function publishOf({ flags, body }: Received): { topic: string; payload: Buffer; id: number | undefined } {
  const end = 2 + (body.length >= 2 ? body.readUInt16BE(0) : 0);
  const numbered = (flags & 0x06) !== 0 && body.length >= end + 2;
  const properties = variableAt(body, numbered ? end + 2 : end);
  const start = typeof properties === 'object' ? properties.end + properties.value : body.length;
  return {
    topic: body.subarray(2, end).toString('utf8'),
    payload: body.subarray(start),
    id: numbered ? body.readUInt16BE(end) : undefined,
  };
}
