import { isPkiError, PkiError } from '../errors.js';
import type { Signer } from '../keys/signer.js';
import { encodePem, type Pem } from '../pem.js';
import { type PkiStore, toRecord } from '../stores/pki-store.js';
import { type CertificateContent, signCertificate } from './certificate-builder.js';
import type { CertificateInfo } from './certificate-info.js';
import { type RandomSource, randomSerial } from './serial-number.js';
import { type IssuerKey, verifyIssued } from './verify-issued.js';

const SERIAL_ATTEMPTS = 3;

export interface IssueContext {
  signer: Signer;
  issuer: IssuerKey;
  store: Pick<PkiStore, 'put'>;
  random: RandomSource;
  /** the fields of a certificate that was signed and verified */
  describe: (der: Buffer, content: CertificateContent) => CertificateInfo;
}

/** Numbers, signs, reads back and records a certificate; a serial number that is taken is drawn again. */
export async function issueCertificate(
  content: Omit<CertificateContent, 'serial'>,
  { signer, issuer, store, random, describe }: IssueContext,
): Promise<{ certificate: Pem; info: CertificateInfo }> {
  for (let attempt = 1; ; attempt += 1) {
    const complete = { ...content, serial: randomSerial(random) };
    const der = await signCertificate(complete, signer);
    verifyIssued(der, complete, issuer);
    const info = describe(der, complete);
    const certificate = encodePem('CERTIFICATE', der);
    const record = toRecord(info, certificate);
    if (!record) throw new PkiError('ERR_PKI_CERTIFICATE', 'the certificate has no role, name or key identifier');
    try {
      await store.put(record);
      return { certificate, info };
    } catch (error) {
      if (!isPkiError(error) || error.code !== 'ERR_PKI_EXISTS') throw error;
      if (attempt === SERIAL_ATTEMPTS) {
        const message = `the random source gave ${attempt} serial numbers that were already issued`;
        throw new PkiError('ERR_PKI_STORE', message, { cause: error });
      }
    }
  }
}
