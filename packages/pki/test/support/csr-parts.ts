import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import {
  bitString,
  context,
  decodeDer,
  type DerNode,
  encodeDer,
  integer,
  oid,
  sequence,
  set,
} from '../../src/asn1/der.js';
import { encodeName } from '../../src/asn1/distinguished-name.js';
import { encodeExtensionList, type Extension } from '../../src/asn1/extensions.js';
import { signatureAlgorithm } from '../../src/keys/signature-algorithm.js';

export const EXTENSION_REQUEST = '1.2.840.113549.1.9.14';
export const CHALLENGE_PASSWORD = '1.2.840.113549.1.9.7';

export const extension = (id: string, value: Buffer, critical = false): Extension => ({ oid: id, critical, value });
export const attribute = (id: string, ...values: DerNode[]): DerNode => sequence(oid(id), set(...values));
export const request = (...extensions: Extension[]): DerNode =>
  context(0, attribute(EXTENSION_REQUEST, encodeExtensionList(extensions)));
export const san = (...names: DerNode[]): Extension => extension('2.5.29.17', encodeDer(sequence(...names)));
export const names = (...rdns: [id: string, value: DerNode][]): DerNode =>
  sequence(...rdns.map(([id, value]) => set(sequence(oid(id), value))));

/** A request put together by hand: everything defaults to what a good request has. */
export interface CsrParts {
  version?: DerNode;
  subject?: DerNode;
  /** SubjectPublicKeyInfo */
  key?: DerNode;
  attributes?: DerNode;
  /** after the attributes */
  more?: DerNode[];
  algorithm?: DerNode;
  /** over the request; default ECDSA with SHA-256 */
  sign?: (request: Buffer) => Buffer;
  signature?: DerNode;
  /** after the signature */
  after?: DerNode[];
}

export const spkiNode = (key: KeyObject): DerNode =>
  decodeDer(createPublicKey(key).export({ type: 'spki', format: 'der' }));

/** DER of a request signed by `privateKey` after the parts were replaced: only the changed part can be to blame. */
export function csrOf(privateKey: KeyObject, parts: CsrParts = {}): Buffer {
  const request = sequence(
    parts.version ?? integer(0),
    parts.subject ?? encodeName({ CN: 'esp-001' }),
    parts.key ?? spkiNode(privateKey),
    parts.attributes ?? context(0),
    ...(parts.more ?? []),
  );
  const signature = (parts.sign ?? ((bytes: Buffer) => sign('sha256', bytes, privateKey)))(encodeDer(request));
  return encodeDer(
    sequence(
      request,
      parts.algorithm ?? signatureAlgorithm('ec-p256'),
      parts.signature ?? bitString(signature),
      ...(parts.after ?? []),
    ),
  );
}
