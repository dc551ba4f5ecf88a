/**
 * Shortest CONNECT of MQTT 5 that ends another connection of the same client id: clean start, no session afterwards.
 * `clientId` of at most 65,535 bytes.
 */
export function connectPacket(clientId: string): Buffer {
  const id = Buffer.from(clientId, 'utf8');
  const variableHeader = Buffer.from([
    ...[0x00, 0x04, 0x4d, 0x51, 0x54, 0x54], // "MQTT"
    0x05, // version
    0x02, // clean start
    ...[0x00, 0x3c], // keepalive, seconds
    0x00, // no properties: the session ends with the connection
  ]);
  const body = Buffer.concat([variableHeader, Buffer.from([id.length >> 8, id.length & 0xff]), id]);
  return Buffer.concat([Buffer.from([0x10, ...variableByteInteger(body.length)]), body]);
}

/** MQTT 5, 1.5.5. */
function variableByteInteger(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...variableByteInteger(Math.floor(value / 0x80))];
}

/** DISCONNECT, normal. */
export const DISCONNECT_PACKET = Buffer.from([0xe0, 0x00]);

const CONNACK = 0x20;

/** The reason code of the CONNACK that `received` begins with; `undefined` while it is incomplete. */
export function connackReason(received: Buffer): number | 'not_connack' | undefined {
  if (received[0] !== undefined && received[0] !== CONNACK) return 'not_connack';
  // Type, remaining length (a variable byte integer of at most 4 bytes), acknowledge flags, reason code.
  let lengthEnd = 1;
  while (lengthEnd < 5 && ((received[lengthEnd] ?? 0) & 0x80) !== 0) lengthEnd++;
  return lengthEnd === 5 ? 'not_connack' : received[lengthEnd + 2];
}
