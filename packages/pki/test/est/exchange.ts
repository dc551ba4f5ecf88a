import type { KeyObject } from 'node:crypto';
import {
  createCsr,
  type EstAuthority,
  type EstReply,
  type EstRequest,
  generatePrivateKey,
  type PkiTree,
} from '../../src/index.js';
import { decodePem } from '../../src/pem.js';

export async function* bodyOf(...chunks: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  for (const chunk of chunks) yield Buffer.from(chunk);
}

/** DER of a request for a fresh key, or the given one. */
export async function csrDer(CN: string, key?: KeyObject): Promise<Buffer> {
  const pem = await createCsr({ key: key ?? (await generatePrivateKey('ec-p256')).keyObject, subject: { CN } });
  return decodePem(pem, ['CERTIFICATE REQUEST']).der;
}

export const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;

/** A well-formed POST; `change` replaces parts of it. */
export function post(operation: string, body: string, change: Partial<EstRequest> = {}): EstRequest {
  return {
    method: 'POST',
    target: `/.well-known/est/${operation}`,
    ...change,
    headers: { 'content-type': 'application/pkcs10', 'content-length': String(body.length), ...change.headers },
    body: change.body ?? bodyOf(body),
  };
}

export const enrolment = (deviceId: string, token: string, der: Buffer): EstRequest =>
  post('simpleenroll', der.toString('base64'), { headers: { authorization: basic(deviceId, token) } });

export const textOf = ({ body }: EstReply): string => Buffer.from(body).toString();

/** A tree as an authority of which parts behave otherwise. */
export const authorityOf = (tree: PkiTree, change: Partial<EstAuthority> = {}): EstAuthority => ({
  ca: tree.ca,
  deviceCa: tree.deviceCa,
  signCsr: (options) => tree.signCsr(options),
  inventory: (filter) => tree.inventory(filter),
  revoke: (target, options) => tree.revoke(target, options),
  ...change,
});
