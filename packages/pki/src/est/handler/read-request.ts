import { type CsrInfo, parseCsr } from '../../csr/csr-info.js';
import { isPkiError } from '../../errors.js';
import { decodeBase64 } from '../http/base64.js';
import type { EstRequest } from '../http/est-exchange.js';
import { EstRefusal } from '../http/problem.js';
import { type BodyLimits, readBody } from '../http/read-body.js';

export interface ReceivedCsr {
  readonly der: Buffer;
  readonly info: CsrInfo;
}

const MEDIA_TYPE = 'application/pkcs10';

/** Refuses by the headers what need not be read. */
export function checkHeaders({ headers }: EstRequest): void {
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  const encoding = headers['content-encoding'] ?? 'identity';
  // Content-Transfer-Encoding says nothing in HTTP: RFC 8951 has it ignored
  if (type !== MEDIA_TYPE || encoding.toLowerCase() !== 'identity') throw new EstRefusal('unsupported_type');
}

/** The certificate request in a body, its signature checked (RFC 7030 4.2.1). */
export async function readCsr(request: EstRequest, limits: BodyLimits): Promise<ReceivedCsr> {
  const body = await readBody(request, limits);
  const der = decodeBase64(body.toString('latin1'));
  if (der === undefined) throw new EstRefusal('bad_csr');
  try {
    return { der, info: parseCsr(der) };
  } catch (error) {
    if (!isPkiError(error) || error.code !== 'ERR_PKI_CSR') throw error;
    // what it says is about the request alone
    throw new EstRefusal('bad_csr', { message: `${error.message[0]?.toUpperCase() ?? ''}${error.message.slice(1)}.` });
  }
}
