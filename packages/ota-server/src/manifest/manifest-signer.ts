import { createPublicKey } from 'node:crypto';
import { isProtocolError, MANIFEST_MAX_BYTES, type ReleaseManifest, secureEspV1 } from '@secure-esp/protocol';
import { CompactSign, importPKCS8 } from 'jose';
import { OtaError } from '../errors.js';
import { readReleaseKey, releaseKeyId, toSpkiPem } from './release-key.js';

/** The key that vouches for releases, wherever it lives: a PEM file ({@link createManifestSigner}), an HSM, a KMS. */
export interface ManifestSigner {
  /** SHA-256 of the public key's SPKI, hex; goes into the manifest's header. */
  readonly keyId: string;
  /** SPKI PEM: what devices are provisioned with. */
  readonly publicKeyPem: string;
  /** A compact JWS (ES256) over `payload` with exactly the header `{"alg":"ES256","kid":keyId}`. */
  sign(payload: Uint8Array): Promise<string>;
}

/** How a release key in PEM is read. */
export interface ManifestSignerOptions {
  /** For an encrypted key. */
  readonly passphrase?: string;
}

/**
 * A signer from a P-256 private key in PEM (PKCS#8 or SEC1). Use another key than the one that signs firmware: the two
 * have different keepers and different damage when lost.
 * @throws OtaError `bad_release_key`
 */
export async function createManifestSigner(
  privateKeyPem: string,
  options: ManifestSignerOptions = {},
): Promise<ManifestSigner> {
  const key = readReleaseKey(privateKeyPem, options.passphrase);
  const publicKey = createPublicKey(key);
  const keyId = releaseKeyId(publicKey);
  const pkcs8 = key.export({ type: 'pkcs8', format: 'pem' }).toString();
  const signingKey = await importPKCS8(pkcs8, 'ES256');
  return Object.freeze({
    keyId,
    publicKeyPem: toSpkiPem(publicKey),
    sign: (payload) => new CompactSign(payload).setProtectedHeader({ alg: 'ES256', kid: keyId }).sign(signingKey),
  } satisfies ManifestSigner);
}

/**
 * Signs a release manifest.
 * @returns compact JWS, at most 2048 bytes.
 * @throws OtaError `bad_manifest` when a field is out of range or the result would be longer than devices accept.
 */
export async function signManifest(manifest: ReleaseManifest, signer: ManifestSigner): Promise<string> {
  const jws = await signer.sign(encode(manifest));
  if (Buffer.byteLength(jws) > MANIFEST_MAX_BYTES) {
    throw new OtaError(
      'bad_manifest',
      `the signed manifest has ${Buffer.byteLength(jws)} bytes, the limit is ${MANIFEST_MAX_BYTES}: shorten url or from`,
    );
  }
  return jws;
}

function encode(manifest: ReleaseManifest): Uint8Array {
  try {
    return secureEspV1.documentCodecs.manifest.encode(manifest);
  } catch (cause) {
    if (isProtocolError(cause)) throw new OtaError('bad_manifest', cause.message, { cause });
    throw cause;
  }
}
