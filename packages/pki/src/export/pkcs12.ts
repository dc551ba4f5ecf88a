import { createHash, createHmac, randomBytes } from 'node:crypto';
import {
  context,
  contextPrimitive,
  type DerNode,
  encodeDer,
  integer,
  nullValue,
  octetString,
  oid,
  sequence,
} from '../asn1/der.js';
import { PkiError } from '../errors.js';
import { checkedPassphrase } from '../keys/passphrase.js';
import { checkIterations, DEFAULT_ITERATIONS, encryptPbes2, type Pbes2Encrypted } from '../keys/pbes2-encryption.js';
import { decodePem } from '../pem.js';
import { type IdentityOptions, parseIdentity } from './identity.js';
import { certificateBag, keyBag } from './pkcs12-bags.js';
import { bmpPassphrase, deriveMacKey } from './pkcs12-kdf.js';
import { PKCS12_OIDS } from './pkcs12-oids.js';

export interface ExportPkcs12Options extends IdentityOptions {
  /** 8..1,000 bytes of UTF-8, used as given (no Unicode normalisation); for Java, ASCII */
  readonly passphrase: string;
  /** what key stores call the pair, 1..64 characters; default: the certificate's CN */
  readonly friendlyName?: string;
  /** rounds of each of the three derivations, 100,000..10,000,000; default 600,000, about 1.5 s in all */
  readonly iterations?: number;
}

const SALT_BYTES = 16;
const MAX_NAME_CHARS = 64;
const NAME = /^[^\p{Cc}\p{Cs}]+$/u;

/**
 * A private key and its certificates as PKCS#12 (RFC 7292), for key stores of Java, Windows, macOS, Android, browsers.
 * Key and certificates are encrypted by PBES2 with PBKDF2-HMAC-SHA-256 and AES-256-CBC, the file has a MAC of
 * HMAC-SHA-256 with as many rounds: a guess costs what the cheapest of them costs. Tried with OpenSSL 3.0, Node 20, curl
 * and Java 17. Key and certificate are tied by localKeyID and friendlyName. What is `trusted` also carries the attribute
 * by which Java lists it as trusted; Node trusts every CA in the file.
 *
 * Java reads files with ASCII passphrases only. Some readers limit the rounds of what they load: lower `iterations` for
 * those. Yields to the event loop.
 *
 * @throws PkiError `ERR_PKI_PASSPHRASE`, `ERR_PKI_OPTION`, `ERR_PKI_PEM`, `ERR_PKI_KEY`, `ERR_PKI_CERTIFICATE`,
 *   `ERR_PKI_NOT_CA`
 */
export async function exportPkcs12(options: ExportPkcs12Options): Promise<Buffer> {
  const iterations = checkIterations(options.iterations ?? DEFAULT_ITERATIONS);
  const { passphrase } = options;
  const secret = checkedPassphrase(passphrase);
  if (passphrase.includes('\0')) {
    // most readers would take what is before it
    throw new PkiError('ERR_PKI_PASSPHRASE', 'the passphrase has a zero octet', { field: 'passphrase' });
  }
  const { leaf, issuers, trusted } = parseIdentity(options);
  const friendlyName = checkedName(options.friendlyName ?? leaf.info.subject.CN);
  const names = new DistinctNames();
  const tie = { friendlyName: names.next(friendlyName), localKeyId: createHash('sha1').update(leaf.x509.raw).digest() };

  const plainKey = decodePem(options.privateKey, ['PRIVATE KEY']).der;
  const certificates = sequence(
    certificateBag(leaf.x509.raw, tie),
    ...issuers.map(({ x509 }) => certificateBag(x509.raw, {})),
    ...trusted.map(({ x509, info }) =>
      certificateBag(x509.raw, { friendlyName: names.next(info.subject.CN), trusted: true }),
    ),
  );
  const [key, locked] = await Promise.all([
    encryptPbes2(plainKey, secret, iterations),
    encryptPbes2(encodeDer(certificates), secret, iterations),
  ]);
  for (const used of [plainKey, secret]) used.fill(0);
  const safe = encodeDer(sequence(encryptedContent(locked), dataContent(encodeDer(sequence(keyBag(key, tie))))));
  return encodeDer(sequence(integer(3), dataContent(safe), await macData(safe, passphrase, iterations)));
}

function checkedName(name: string | undefined): string | undefined {
  if (name === undefined || (name.length <= MAX_NAME_CHARS && NAME.test(name))) return name;
  const message = `friendlyName must be 1..${MAX_NAME_CHARS} characters, none of them a control character`;
  throw new PkiError('ERR_PKI_OPTION', message, { field: 'friendlyName' });
}

/** Java keeps one entry for each name, whatever its case: two CAs of one name (an old and a new one) need two. */
class DistinctNames {
  readonly #seen = new Map<string, number>();

  next(name = 'unnamed'): string {
    const count = (this.#seen.get(name.toLowerCase()) ?? 0) + 1;
    this.#seen.set(name.toLowerCase(), count);
    return count === 1 ? name : `${name} (${count})`;
  }
}

/** ContentInfo of type data, RFC 5652 4. */
const dataContent = (content: Buffer): DerNode => sequence(oid(PKCS12_OIDS.data), context(0, octetString(content)));

/** ContentInfo of type encryptedData, RFC 5652 8. */
const encryptedContent = ({ scheme, data }: Pbes2Encrypted): DerNode =>
  sequence(
    oid(PKCS12_OIDS.encryptedData),
    context(0, sequence(integer(0), sequence(oid(PKCS12_OIDS.data), scheme, contextPrimitive(0, data)))),
  );

/** MacData of RFC 7292 4: over the content of the authenticated safe. */
async function macData(safe: Buffer, passphrase: string, iterations: number): Promise<DerNode> {
  const salt = randomBytes(SALT_BYTES);
  const secret = bmpPassphrase(passphrase);
  const key = await deriveMacKey(secret, salt, iterations);
  const mac = createHmac('sha256', key).update(safe).digest();
  for (const used of [secret, key]) used.fill(0);
  const digestInfo = sequence(sequence(oid(PKCS12_OIDS.sha256), nullValue()), octetString(mac));
  return sequence(digestInfo, octetString(salt), integer(iterations));
}
