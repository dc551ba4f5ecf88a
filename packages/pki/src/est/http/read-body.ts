import type { EstRequest } from './est-exchange.js';
import { EstRefusal } from './problem.js';

export interface BodyLimits {
  readonly maxBytes: number;
  /** for the whole body, milliseconds */
  readonly timeoutMs: number;
}

/** The whole body of a request, or a refusal with 400, 408, 411 or 413. Nothing beyond the limit is kept. */
export async function readBody({ headers, body }: EstRequest, { maxBytes, timeoutMs }: BodyLimits): Promise<Buffer> {
  const length = headers['content-length'];
  if (length === undefined && headers['transfer-encoding'] === undefined) throw new EstRefusal('length_required');
  if (length !== undefined && !/^[0-9]{1,15}$/.test(length)) throw new EstRefusal('bad_request');
  if (Number(length ?? 0) > maxBytes) throw new EstRefusal('too_large');
  if (body === undefined) return Buffer.alloc(0);
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new EstRefusal('timeout'));
    }, timeoutMs);
  });
  try {
    return await Promise.race([collect(body, maxBytes), expired]);
  } catch (error) {
    // a client that goes away while it sends
    throw error instanceof EstRefusal ? error : new EstRefusal('bad_request');
  } finally {
    clearTimeout(timer);
  }
}

async function collect(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > maxBytes) throw new EstRefusal('too_large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
