import { crc32 } from 'node:zlib';
import { SimulatorError } from '../errors.js';

/** What the first sector of the flash says about the device it belongs to. */
export interface FlashLabel {
  readonly deviceId: string;
  readonly slotBytes: number;
}

const MAGIC = Buffer.from('SESPFLS1', 'latin1');
const FIXED_BYTES = 13;

/** Bytes that {@link decodeLabel} needs to see. */
export const LABEL_MAX_BYTES = FIXED_BYTES + 64 + 4;

export const encodeLabel = ({ deviceId, slotBytes }: FlashLabel): Uint8Array => {
  const id = Buffer.from(deviceId, 'latin1');
  const bytes = Buffer.alloc(FIXED_BYTES + id.length + 4);
  bytes.set(MAGIC, 0);
  bytes.writeUInt32LE(slotBytes, 8);
  bytes.writeUInt8(id.length, 12);
  bytes.set(id, FIXED_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(0, -4)), bytes.length - 4);
  return new Uint8Array(bytes);
};

/** @throws SimulatorError `state_file` when these are not the first bytes of a flash of this package */
export const decodeLabel = (head: Uint8Array): FlashLabel => {
  const bytes = Buffer.from(head);
  const idLength = bytes.length < LABEL_MAX_BYTES ? 0 : bytes.readUInt8(12);
  const end = FIXED_BYTES + idLength;
  if (
    idLength < 1 ||
    end + 4 > LABEL_MAX_BYTES ||
    !bytes.subarray(0, MAGIC.length).equals(MAGIC) ||
    bytes.readUInt32LE(end) !== crc32(bytes.subarray(0, end))
  ) {
    throw new SimulatorError('state_file', 'the state file is not a flash of a virtual device');
  }
  return { deviceId: bytes.toString('latin1', FIXED_BYTES, end), slotBytes: bytes.readUInt32LE(8) };
};
