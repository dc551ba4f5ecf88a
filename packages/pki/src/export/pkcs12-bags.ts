import { bmpString, context, type DerNode, encodeDer, octetString, oid, sequence, set } from '../asn1/der.js';
import type { Pbes2Encrypted } from '../keys/pbes2-encryption.js';
import { PKCS12_OIDS } from './pkcs12-oids.js';

/** What a bag says about its content, RFC 7292 4.2. */
export interface BagAttributes {
  readonly friendlyName?: string | undefined;
  /** the same in the bags of a key and of its certificate */
  readonly localKeyId?: Buffer;
  readonly trusted?: true;
}

export const keyBag = ({ scheme, data }: Pbes2Encrypted, attributes: BagAttributes): DerNode =>
  bag(PKCS12_OIDS.shroudedKeyBag, sequence(scheme, octetString(data)), attributes);

export const certificateBag = (der: Buffer, attributes: BagAttributes): DerNode =>
  bag(PKCS12_OIDS.certBag, sequence(oid(PKCS12_OIDS.x509Certificate), context(0, octetString(der))), attributes);

function bag(type: string, value: DerNode, { friendlyName, localKeyId, trusted }: BagAttributes): DerNode {
  const attributes = [
    ...(friendlyName === undefined ? [] : [attribute(PKCS12_OIDS.friendlyName, bmpString(friendlyName))]),
    ...(localKeyId === undefined ? [] : [attribute(PKCS12_OIDS.localKeyId, octetString(localKeyId))]),
    ...(trusted ? [attribute(PKCS12_OIDS.trustedKeyUsage, oid(PKCS12_OIDS.anyExtendedKeyUsage))] : []),
  ];
  const parts = [oid(type), context(0, value)];
  return attributes.length === 0 ? sequence(...parts) : sequence(...parts, set(...inDerOrder(attributes)));
}

const attribute = (type: string, value: DerNode): DerNode => sequence(oid(type), set(value));

/** X.690 11.6: the members of a SET OF by their encodings. */
const inDerOrder = (nodes: readonly DerNode[]): readonly DerNode[] =>
  nodes
    .map((node) => ({ node, der: encodeDer(node) }))
    .sort((a, b) => Buffer.compare(a.der, b.der))
    .map(({ node }) => node);
