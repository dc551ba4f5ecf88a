import { MANIFEST_MAX_BYTES, type ReleaseManifest, secureEspV1 } from '@secure-esp/protocol';
import { base64url, compactVerify, errors, importSPKI } from 'jose';
import { OtaError } from '../errors.js';
import { readPublicReleaseKey, releaseKeyId, toSpkiPem } from './release-key.js';

/** What {@link verifyManifest} checks beside signature and form. */
export interface VerifyManifestOptions {
  /** Refuse manifests whose `exp` is reached. Default: not checked, as on a device without time. */
  readonly now?: Date;
  /** Refuse manifests with a lower `seq`: the highest one seen so far. Default 0. */
  readonly minSeq?: number;
}

/**
 * - `malformed`: not a compact JWS with the contract's header and payload
 * - `too_large`: longer than 2048 bytes
 * - `untrusted_key`: signed by another key than the ones given
 * - `bad_signature`
 * - `manifest_expired`, `manifest_replayed`: see {@link VerifyManifestOptions}
 */
export type ManifestReason =
  'malformed' | 'too_large' | 'untrusted_key' | 'bad_signature' | 'manifest_expired' | 'manifest_replayed';

/** A manifest that verified, with the `kid` of the key that signed it; or the `reason` why not, and a sentence. */
export type ManifestVerdict =
  | { readonly ok: true; readonly manifest: ReleaseManifest; readonly keyId: string }
  | { readonly ok: false; readonly reason: ManifestReason; readonly detail: string };

const refuse = (reason: ManifestReason, detail: string): ManifestVerdict => ({ ok: false, reason, detail });

/**
 * Judges a signed release manifest as a device does.
 * @param publicKeys P-256 public keys in PEM. A device holds at most two.
 * @returns a verdict, also for hostile text.
 * @throws OtaError `bad_release_key` for an unusable key, `bad_option` for none.
 */
export async function verifyManifest(
  jws: string,
  publicKeys: readonly string[],
  options: VerifyManifestOptions = {},
): Promise<ManifestVerdict> {
  if (publicKeys.length === 0) throw new OtaError('bad_option', 'publicKeys must hold at least one key');
  const keys = new Map(
    publicKeys.map((pem) => {
      const key = readPublicReleaseKey(pem);
      return [releaseKeyId(key), key];
    }),
  );
  if (Buffer.byteLength(jws) > MANIFEST_MAX_BYTES) {
    return refuse('too_large', `the manifest is longer than ${MANIFEST_MAX_BYTES} bytes`);
  }
  const header = decodeHeader(jws);
  if (header === undefined) return refuse('malformed', 'the header is not the one of a release manifest');
  const key = keys.get(header.kid);
  if (key === undefined) return refuse('untrusted_key', 'the manifest is signed with a key that is not trusted');

  let payload: Uint8Array;
  try {
    const verified = await compactVerify(jws, await importSPKI(toSpkiPem(key), 'ES256'), { algorithms: ['ES256'] });
    payload = verified.payload;
  } catch (error) {
    if (error instanceof errors.JWSSignatureVerificationFailed) {
      return refuse('bad_signature', 'the signature does not verify');
    }
    if (error instanceof errors.JOSEError) return refuse('malformed', 'the manifest is not a compact JWS');
    throw error;
  }
  const decoded = secureEspV1.documentCodecs.manifest.decode(payload);
  if (!decoded.ok) return refuse('malformed', decoded.detail);
  return judge(decoded.value, header.kid, options);
}

function judge(manifest: ReleaseManifest, keyId: string, options: VerifyManifestOptions): ManifestVerdict {
  const { now, minSeq = 0 } = options;
  if (manifest.seq < minSeq) {
    return refuse('manifest_replayed', `seq is ${manifest.seq}, ${minSeq} was seen already`);
  }
  if (now !== undefined && manifest.exp * 1000 <= now.getTime()) {
    return refuse('manifest_expired', `exp is ${manifest.exp}`);
  }
  return { ok: true, manifest, keyId };
}

function decodeHeader(jws: string): { readonly kid: string } | undefined {
  const [encoded = ''] = jws.split('.', 1);
  let bytes: Uint8Array;
  try {
    bytes = base64url.decode(encoded);
  } catch {
    return undefined;
  }
  const decoded = secureEspV1.documentCodecs.manifestHeader.decode(bytes);
  return decoded.ok ? decoded.value : undefined;
}
