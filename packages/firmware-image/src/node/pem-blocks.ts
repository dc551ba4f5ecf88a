import { FirmwareImageError } from '../errors.js';

export interface PemBlock {
  readonly isPrivate: boolean;
  readonly text: string;
}

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*(?:-(?!----)[^-]*)*-----END \1-----/g;
const PRIVATE_LABELS = ['PRIVATE KEY', 'EC PRIVATE KEY', 'RSA PRIVATE KEY'];
const PUBLIC_LABELS = ['PUBLIC KEY', 'RSA PUBLIC KEY'];

/** What `openssl ecparam` writes in front of a key. */
const IGNORED_LABELS = ['EC PARAMETERS'];

/**
 * The key blocks of a PEM text.
 * @throws FirmwareImageError `bad_key` for encrypted keys, other labels (a certificate is not a firmware key), and no key at all.
 */
export const readPemBlocks = (pem: string): readonly PemBlock[] => {
  const blocks = [...pem.matchAll(BLOCK)]
    .map(([text, label = '']) => ({ text, label }))
    .filter(({ label }) => !IGNORED_LABELS.includes(label));
  for (const { text, label } of blocks) {
    if (label.includes('ENCRYPTED') || /^Proc-Type:.*ENCRYPTED/m.test(text)) {
      throw new FirmwareImageError('bad_key', 'the key is encrypted: decrypt it first (openssl pkey -in … -out …)');
    }
    if (!PRIVATE_LABELS.includes(label) && !PUBLIC_LABELS.includes(label)) {
      throw new FirmwareImageError('bad_key', `a PEM block labelled ${label} is not a firmware key`);
    }
  }
  if (blocks.length === 0) throw new FirmwareImageError('bad_key', 'there is no PEM key in the text');
  return blocks.map(({ text, label }) => ({ text, isPrivate: PRIVATE_LABELS.includes(label) }));
};
