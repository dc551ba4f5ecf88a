/** What the beginning of a connection says, before Mosquitto has seen it. */
export type ConnectHead =
  | { readonly state: 'incomplete' }
  | { readonly state: 'malformed' }
  /** A whole CONNECT packet, as far as its client id; the rest is Mosquitto's to check. */
  | { readonly state: 'connect'; readonly clientId: string };

const CONNECT = 0x10;
const MALFORMED: ConnectHead = { state: 'malformed' };
const INCOMPLETE: ConnectHead = { state: 'incomplete' };

/** Reads the CONNECT packet that `received` begins with (MQTT 3.1.1 and 5, section 3.1). */
export function readConnectHead(received: Buffer, maxPacketBytes: number): ConnectHead {
  if (received.length === 0) return INCOMPLETE;
  if (received[0] !== CONNECT) return MALFORMED;
  const length = variableByteInteger(received, 1);
  if (length === 'incomplete') return INCOMPLETE;
  if (length === 'malformed' || length.end + length.value > maxPacketBytes) return MALFORMED;
  if (received.length < length.end + length.value) return INCOMPLETE;
  const packet = received.subarray(length.end, length.end + length.value);
  const name = text(packet, 0);
  // Level, flags and keepalive come after the protocol's name.
  const level = name === undefined ? undefined : packet[name.end];
  if (name === undefined || level === undefined) return MALFORMED;
  let at = name.end + 4;
  if (level === 5) {
    const properties = variableByteInteger(packet, at);
    if (typeof properties === 'string') return MALFORMED;
    at = properties.end + properties.value;
  }
  const clientId = text(packet, at);
  return clientId === undefined ? MALFORMED : { state: 'connect', clientId: clientId.value };
}

/** A string of MQTT: its length in two bytes, then UTF-8 (1.5.4). */
function text(packet: Buffer, at: number): { readonly value: string; readonly end: number } | undefined {
  if (at + 2 > packet.length) return undefined;
  const end = at + 2 + packet.readUInt16BE(at);
  return end > packet.length ? undefined : { value: packet.toString('utf8', at + 2, end), end };
}

/** 1.5.5: at most four bytes, each with seven bits, the lowest first. */
function variableByteInteger(
  bytes: Buffer,
  at: number,
): { readonly value: number; readonly end: number } | 'incomplete' | 'malformed' {
  let value = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return 'incomplete';
    value += (byte & 0x7f) * 0x80 ** index;
    if (byte < 0x80) return { value, end: at + index + 1 };
  }
  return 'malformed';
}
