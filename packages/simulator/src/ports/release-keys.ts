import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { SimulatorError } from '../errors.js';

export type Es256Verdict = 'ok' | 'bad' | 'unknown_key';

/** Verifies ES256 signatures of release manifests. `kid`: SHA-256 of the key's SPKI, hex. */
export type ReleaseKeyVerifier = (kid: string, data: Uint8Array, signature: Uint8Array) => Es256Verdict;

const load = (pem: string, index: number): KeyObject => {
  const name = `releaseKeys[${String(index)}]`;
  let key: KeyObject;
  try {
    const spki = createPublicKey(pem).export({ type: 'spki', format: 'der' });
    // read again: what comes of a damaged private key ends the process when asked for its details
    key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  } catch {
    // The cause is left out: it may quote the text, which could be a private key by mistake.
    throw new SimulatorError('bad_option', `${name} is not a public key in PEM`);
  }
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new SimulatorError('bad_option', `${name} is not a P-256 key`);
  }
  return key;
};

let last: { readonly pems: string; readonly verifier: ReleaseKeyVerifier } | undefined;

/**
 * The devices of a fleet mostly have the same keys: they are read once for all.
 * @throws SimulatorError `bad_option`
 */
export const createReleaseKeyVerifier = (pems: readonly string[]): ReleaseKeyVerifier => {
  const text = JSON.stringify(pems);
  if (last?.pems !== text) last = { pems: text, verifier: readKeys(pems) };
  return last.verifier;
};

const readKeys = (pems: readonly string[]): ReleaseKeyVerifier => {
  const keys = new Map(
    pems.map((pem, index) => {
      const key = load(pem, index);
      const spki = key.export({ type: 'spki', format: 'der' });
      return [createHash('sha256').update(spki).digest('hex'), key] as const;
    }),
  );
  return (kid, data, signature) => {
    const key = keys.get(kid);
    if (key === undefined) return 'unknown_key';
    return verify('sha256', data, { key, dsaEncoding: 'ieee-p1363' }, signature) ? 'ok' : 'bad';
  };
};
