import { verify } from 'node:crypto';
import { encodeDer } from '../asn1/der.js';
import { type ParsedCertificate, parseCertificatePem, type SerialHex } from '../certificate/certificate-info.js';
import { parseCrlPem } from '../crl/parse-crl.js';
import { PkiError } from '../errors.js';
import { parseFile, readTextFile } from '../files/text-file.js';
import { signatureAlgorithm, signatureDigest } from '../keys/signature-algorithm.js';
import type { Pem } from '../pem.js';
import type { TreeContext } from '../tree/tree-context.js';
import { readCertificateFile } from '../tree/tree-files.js';
import { bridges } from './cross-certificate.js';

/** A CA of elsewhere that the operators' listener trusts, and nothing else does. */
export interface AdoptedCa {
  readonly certificate: Pem;
  /** an empty revocation list: TLS servers that check lists want one of every CA */
  readonly crl: Pem;
  /**
   * Our root, certified by the adopted CA until the same day: a broker that sends it behind its certificate is recognised
   * by clients that have the adopted CA only. Undefined when it is of a root that does not sign any more.
   */
  readonly cross: Pem | undefined;
  /** the end, which is that of the list: whoever checks lists refuses the CA's clients from here on, whatever else happens */
  readonly until: Date;
  readonly serial: SerialHex;
  /** SHA-256 of the certificate DER, lower-case hex */
  readonly fingerprint256: string;
  /** the end of its certificate, which may be later than `until` */
  readonly notAfter: Date;
}

/**
 * As it is on disk, also when its time is over. The first certificate of `serverCerts` that is there tells whose bridge
 * there is: broker and OTA server get theirs of one root, and a part of a tree may have one of them only.
 *
 * @throws PkiError those of reading, naming the file
 */
export async function readAdoptedFiles(
  { paths }: Pick<TreeContext, 'paths'>,
  serverCerts: readonly string[] = [paths.brokerCert, paths.otaCert],
): Promise<AdoptedCa | undefined> {
  const { ca: caPath, crl: crlPath } = paths.adopted;
  const certificate = await readTextFile(caPath);
  const crl = await readTextFile(crlPath);
  if (certificate === undefined || crl === undefined) return undefined;
  const parsed = parseFile(caPath, certificate, parseCertificatePem);
  const until = parseFile(crlPath, crl, (text) => verifyAdoptedCrl(text, parsed));
  const { serial, fingerprint256, notAfter } = parsed.info;
  const cross = await readBridge(paths.adopted.cross, serverCerts);
  return Object.freeze({ certificate, crl, cross, until, serial, fingerprint256, notAfter });
}

async function readBridge(crossPath: string, serverCerts: readonly string[]): Promise<Pem | undefined> {
  const cross = (await readCertificateFile(crossPath))?.pem;
  if (cross === undefined) return undefined;
  for (const path of serverCerts) {
    const server = await readCertificateFile(path);
    if (server) return bridges(cross, server.pem) ? cross : undefined;
  }
  return undefined;
}

/** The adopted CA while its time lasts. @throws PkiError those of reading, naming the file */
export async function readAdopted(
  context: Pick<TreeContext, 'paths' | 'now'>,
  serverCerts?: readonly string[],
): Promise<AdoptedCa | undefined> {
  const adopted = await readAdoptedFiles(context, serverCerts);
  return adopted && context.now() < adopted.until ? adopted : undefined;
}

/** `verifyCrl` for a CA that has no key usage, as OpenSSL's `req -x509` makes them. Gives the end of the list. */
function verifyAdoptedCrl(crl: Pem, { info, publicKey, subjectDer }: ParsedCertificate): Date {
  const { info: list, issuerDer, algorithm, tbs, signature } = parseCrlPem(crl);
  const expected = encodeDer(signatureAlgorithm(info.keyAlgorithm));
  const signed =
    issuerDer.equals(subjectDer) &&
    algorithm.equals(expected) &&
    verify(signatureDigest(info.keyAlgorithm), tbs, publicKey, signature);
  if (!signed) throw new PkiError('ERR_PKI_CRL', 'not a revocation list that the adopted CA has signed');
  return list.nextUpdate;
}
