import { encryptPrivateKey } from '../keys/encrypted-key.js';
import { decodePem, encodePem } from '../pem.js';
import { type IdentityOptions, parseIdentity } from './identity.js';

export interface ExportBundleOptions extends IdentityOptions {
  /** encrypts the key (PKCS#8, see `encryptPrivateKey`); default: it is left plain */
  readonly passphrase?: string;
  /** PBKDF2 rounds, 100,000..10,000,000; default 600,000 */
  readonly iterations?: number;
}

/**
 * Everything that a party needs in one PEM text, for provisioning. The blocks have a fixed order and nothing is between
 * them:
 *
 * 1. the private key: PKCS#8, encrypted if there is a passphrase;
 * 2. its certificate;
 * 3. the rest of the chain;
 * 4. the CAs it trusts.
 *
 * A certificate that is in the chain and trusted stands under 4. mbedTLS, OpenSSL, curl and Mosquitto's clients take the
 * same file as key, as certificate and as CA file; mbedTLS before 3.5 does not read an encrypted key.
 *
 * @throws PkiError `ERR_PKI_PASSPHRASE`, `ERR_PKI_OPTION`, `ERR_PKI_PEM`, `ERR_PKI_KEY`, `ERR_PKI_CERTIFICATE`,
 *   `ERR_PKI_NOT_CA`
 */
export async function exportBundle(options: ExportBundleOptions): Promise<string> {
  const { privateKey, passphrase, iterations } = options;
  const { leaf, issuers, trusted } = parseIdentity(options);
  const key =
    passphrase === undefined
      ? encodePem('PRIVATE KEY', decodePem(privateKey, ['PRIVATE KEY']).der)
      : await encryptPrivateKey(privateKey, passphrase, iterations === undefined ? {} : { iterations });
  const certificates = [leaf, ...issuers, ...trusted].map(({ x509 }) => encodePem('CERTIFICATE', x509.raw));
  return [key, ...certificates].join('');
}
