import type { BytesModel } from '../model.js';
import { refuse, type DecodeResult } from './verdict.js';

/** Decodes raw bytes, whose upper bound was enforced before. Copies: a receiver may reuse its buffer. */
export function decodeBytes({ minBytes }: BytesModel, bytes: Uint8Array): DecodeResult<Uint8Array> {
  return bytes.length < minBytes
    ? refuse('bad_payload', `is ${String(bytes.length)} bytes, at least ${String(minBytes)} are needed`)
    : { ok: true, value: new Uint8Array(bytes) };
}
