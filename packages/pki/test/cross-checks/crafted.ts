import { createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import {
  bitString,
  context,
  decodeDer,
  type DerNode,
  encodeDer,
  integer,
  sequence,
  time,
  unsignedInteger,
} from '../../src/asn1/der.js';
import { encodeName } from '../../src/asn1/distinguished-name.js';
import {
  authorityKeyIdentifier,
  basicConstraints,
  encodeExtensionList,
  type Extension,
  extKeyUsage,
  keyUsage,
  subjectKeyIdentifier,
} from '../../src/asn1/extensions.js';
import { keyIdentifier } from '../../src/certificate/certificate-builder.js';
import { signatureAlgorithm } from '../../src/keys/signature-algorithm.js';
import { encodePem, type Pem } from '../../src/pem.js';

/** A certificate put together by hand: everything defaults to what a good one has, and the signature is always right. */
export interface CertificateParts {
  readonly key?: KeyObject;
  /** in the place of the explicit version 3; `null`: none, which is version 1 */
  readonly version?: DerNode | null;
  readonly serial?: DerNode;
  /** of the part that is signed, and after it */
  readonly algorithms?: readonly [inner: DerNode, outer: DerNode];
  readonly issuer?: DerNode;
  readonly validity?: DerNode;
  readonly subject?: DerNode;
  readonly spki?: DerNode;
  /** `null`: no extensions at all */
  readonly extensions?: readonly Extension[] | null;
  /** in the place of the list of extensions */
  readonly rawExtensions?: DerNode;
  readonly digest?: string;
  /** members after the signature */
  readonly after?: readonly DerNode[];
  /** bytes after the certificate */
  readonly trailing?: Buffer;
}

export const keyPair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const spkiOf = (key: KeyObject): Buffer => createPublicKey(key).export({ type: 'spki', format: 'der' });
export const extension = (oid: string, hex: string, critical = false): Extension => ({
  oid,
  critical,
  value: Buffer.from(hex, 'hex'),
});

const keyId = keyIdentifier(spkiOf(keyPair.privateKey));

/** What a CA of ours has, by name, so that a case can leave one out or change it. */
export const CA_EXTENSIONS = {
  basicConstraints: basicConstraints(true, 0),
  keyUsage: keyUsage(['keyCertSign', 'cRLSign']),
  subjectKeyId: subjectKeyIdentifier(keyId),
};

export const LEAF_EXTENSIONS = {
  basicConstraints: basicConstraints(false),
  keyUsage: keyUsage(['digitalSignature']),
  extKeyUsage: extKeyUsage(['clientAuth']),
  subjectKeyId: subjectKeyIdentifier(keyId),
  authorityKeyId: authorityKeyIdentifier(keyId),
};

const validFrom = new Date('2026-01-01T00:00:00Z');
const validTo = new Date('2046-01-01T00:00:00Z');

function craft(parts: CertificateParts, name: DerNode, extensions: readonly Extension[]): Pem {
  const key = parts.key ?? keyPair.privateKey;
  const [inner, outer] = parts.algorithms ?? [signatureAlgorithm('ec-p256'), signatureAlgorithm('ec-p256')];
  const list = parts.rawExtensions ?? context(3, encodeExtensionList([...(parts.extensions ?? extensions)]));
  const tbs = sequence(
    ...(parts.version === null ? [] : [parts.version ?? context(0, integer(2))]),
    parts.serial ?? unsignedInteger(Buffer.from('4a00000000000000000000000000000b', 'hex')),
    inner,
    parts.issuer ?? name,
    parts.validity ?? sequence(time(validFrom), time(validTo)),
    parts.subject ?? name,
    parts.spki ?? decodeDer(spkiOf(key)),
    ...(parts.extensions === null ? [] : [list]),
  );
  const signature = sign(parts.digest ?? 'sha256', encodeDer(tbs), key);
  const der = encodeDer(sequence(tbs, outer, bitString(signature), ...(parts.after ?? [])));
  return encodePem('CERTIFICATE', Buffer.concat([der, parts.trailing ?? Buffer.alloc(0)]));
}

export const craftCa = (parts: CertificateParts = {}): Pem =>
  craft(parts, encodeName({ CN: 'crafted CA' }), Object.values(CA_EXTENSIONS));

export const craftLeaf = (parts: CertificateParts = {}): Pem =>
  craft(parts, encodeName({ OU: 'device', CN: 'esp-001' }), Object.values(LEAF_EXTENSIONS));
