/** Only in Node. */
const NodeBuffer = (globalThis as { readonly Buffer?: typeof Buffer }).Buffer;

/**
 * Bytes for mqtt.js, whose types want Node's Buffer, its code only bytes. It keeps a copy of what it publishes, though: of a
 * Buffer it copies the bytes, of another array the whole memory behind it.
 */
export function asBuffer(bytes: Uint8Array): Buffer {
  if (NodeBuffer === undefined) return bytes.slice() as Buffer;
  return bytes instanceof NodeBuffer
    ? (bytes as Buffer)
    : NodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
