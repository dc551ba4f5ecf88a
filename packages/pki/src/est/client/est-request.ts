import type { IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { systemCode } from '../../files/io-error.js';
import { PkiError } from '../../errors.js';
import type { Pem } from '../../pem.js';
import { decodeCertsOnly } from '../cms/certs-only.js';
import { decodeBase64, encodeBase64 } from '../http/base64.js';
import { estTarget } from './est-target.js';

/** How to reach an enrolment server. */
export interface EstConnection {
  /** `https://host:port`, and the path before the operations unless it is `/.well-known/est` */
  readonly url: string | URL;
  /** the CA that the server must be certified by (PEM, one or more); nothing else is trusted */
  readonly ca: Pem;
  /** gives up; the call then rejects with its reason */
  readonly signal?: AbortSignal;
  /** for each of the one or two requests, milliseconds, default 30,000 */
  readonly timeoutMs?: number;
}

export interface EstCall {
  readonly operation: 'cacerts' | 'simpleenroll' | 'simplereenroll';
  /** DER of a certificate request; makes it a POST */
  readonly csr?: Buffer;
  readonly authorization?: string;
  readonly tls?: { readonly cert: Pem; readonly key: Pem };
}

const MAX_REPLY_BYTES = 128 * 1024;
const RETRY_LATER: ReadonlySet<number> = new Set([202, 408, 429]);

/**
 * One call: the certificates (DER) that the server gives. Redirects are not followed: they would carry a token elsewhere.
 *
 * @throws PkiError `ERR_PKI_OPTION`; `ERR_PKI_EST_UNAVAILABLE` (no connection, no answer in time, or "later");
 *   `ERR_PKI_EST_REFUSED`; `ERR_PKI_EST_REPLY` (not what EST answers); the signal's reason
 */
export async function callEst(connection: EstConnection, call: EstCall): Promise<readonly Buffer[]> {
  const { timeoutMs = 30_000, signal } = connection;
  const target = estTarget(connection.url, call.operation);
  signal?.throwIfAborted();
  // Read again below, which keeps it alive: AbortSignal.any holds its signals weakly, and one that is collected never fires.
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const { status, body } = await exchange(target, connection, call, anyOf(deadline, signal));
    if (status !== 200) throw refusedBy(status, body);
    return readCertificates(body);
  } catch (cause) {
    if (cause instanceof PkiError) throw cause;
    signal?.throwIfAborted();
    const why = deadline.aborted ? `no answer within ${timeoutMs} ms` : (systemCode(cause) ?? 'connection failed');
    const message = `the enrolment server ${target.host} cannot be reached: ${why}`;
    throw new PkiError('ERR_PKI_EST_UNAVAILABLE', message, { cause });
  }
}

const anyOf = (deadline: AbortSignal, signal: AbortSignal | undefined): AbortSignal =>
  signal === undefined ? deadline : AbortSignal.any([deadline, signal]);

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function exchange(target: URL, { ca }: EstConnection, call: EstCall, signal: AbortSignal): Promise<Answer> {
  const body = call.csr === undefined ? undefined : encodeBase64(call.csr);
  const headers = {
    accept: 'application/pkcs7-mime',
    ...(call.authorization === undefined ? {} : { authorization: call.authorization }),
    ...(body === undefined
      ? {}
      : {
          'content-type': 'application/pkcs10',
          'content-transfer-encoding': 'base64',
          'content-length': Buffer.byteLength(body),
        }),
  };
  const method = body === undefined ? 'GET' : 'POST';
  const options = { method, headers, signal, ca, ...call.tls, minVersion: 'TLSv1.2', agent: false } as const;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    httpsRequest(target, options, resolve).once('error', reject).end(body);
  });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REPLY_BYTES) throw badReply(`is longer than ${MAX_REPLY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('latin1') };
}

function refusedBy(status: number, body: string): PkiError {
  const sentence = /^[\x20-\x7e]{1,200}/.exec(body)?.[0] ?? '';
  const later = status >= 500 || RETRY_LATER.has(status);
  return new PkiError(
    later ? 'ERR_PKI_EST_UNAVAILABLE' : 'ERR_PKI_EST_REFUSED',
    `the enrolment server answered ${status}${sentence === '' ? '' : `: ${sentence}`}`,
  );
}

function readCertificates(body: string): readonly Buffer[] {
  const der = decodeBase64(body);
  if (der === undefined) throw badReply('is not base64');
  try {
    return decodeCertsOnly(der);
  } catch (cause) {
    throw badReply('holds no certificates', cause);
  }
}

export const badReply = (what: string, cause?: unknown): PkiError =>
  new PkiError('ERR_PKI_EST_REPLY', `the answer of the enrolment server ${what}`, { cause });
