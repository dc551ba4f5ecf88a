import { content, decodeDer, type DerNode, DerType, encodeDer, oidText, sequenceItems } from '../../src/asn1/der.js';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  type CreateAuthorityOptions,
  MemoryPkiStore,
  type Pem,
  ROLES,
} from '../../src/index.js';

/** A CA of all roles, in memory. */
export async function makeCa(
  options: Partial<CreateAuthorityOptions> = {},
): Promise<{ ca: CertificateAuthority; privateKey: Pem | undefined; store: MemoryPkiStore }> {
  const store = new MemoryPkiStore();
  const made = await createCertificateAuthority({ subject: { CN: 'test CA' }, roles: ROLES, store, ...options });
  return { ...made, store };
}

/** The bytes in a PEM block, whatever its label. */
export const derOf = (pem: Pem): Buffer => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');

/** The parts of a certificate, in their order: version, serial, algorithm, issuer, validity, subject, key, extensions. */
export const tbsOf = (pem: Pem): DerNode[] => sequenceItems(sequenceItems(decodeDer(derOf(pem)))[0]);

export interface RawExtension {
  readonly id: string;
  readonly critical: boolean;
  /** what is in its OCTET STRING, hex */
  readonly value: string;
}

export function extensionsOf(pem: Pem): RawExtension[] {
  const list = tbsOf(pem).at(-1)?.value;
  return sequenceItems(Array.isArray(list) ? list[0] : undefined).map((extension) => {
    const parts = sequenceItems(extension);
    const critical = parts.length === 3;
    if (critical && encodeDer(parts[1] ?? extension).toString('hex') !== '0101ff') throw new Error('critical FALSE');
    return {
      id: oidText(parts[0]),
      critical,
      value: content(parts.at(-1), DerType.OCTETSTRING).toString('hex'),
    };
  });
}

export const extensionOids = (pem: Pem): string[] => extensionsOf(pem).map(({ id }) => id);

/** The value of one extension, hex; undefined when it is not there. */
export const extensionValue = (pem: Pem, id: string): string | undefined =>
  extensionsOf(pem).find((extension) => extension.id === id)?.value;
