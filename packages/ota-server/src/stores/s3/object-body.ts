import { CHUNK_BYTES } from '../firmware-store.js';

/** A response body of the SDK in Node.js, by what is used of it. */
export interface ObjectBody extends AsyncIterable<Uint8Array> {
  destroy(): unknown;
}

export const isObjectBody = (body: unknown): body is ObjectBody =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body && 'destroy' in body;

/** The same bytes in pieces no larger than a store may hand out. */
export function* pieces(chunk: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < chunk.length; at += CHUNK_BYTES) yield chunk.subarray(at, at + CHUNK_BYTES);
}

/** The whole body as text; `undefined`, and no more read, when it is longer. */
export async function readText(body: ObjectBody, maxBytes: number): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    // Leaving the loop destroys the body.
    if (length > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
