import { createHash, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { imageIdentity, schemeFor, signImage, type TrustedKeys } from '@secure-esp/firmware-image';
import { signerFromPem, trustedFromPem } from '@secure-esp/firmware-image/node';
import type { ReleaseManifest } from '@secure-esp/protocol';
import { appImage } from '../support/images.js';

export const CHIP = 'esp32c6';
export const SLOT_BYTES = 128 * 1024;
/** With header, padding and signature sector, this code makes an image of exactly 128 KiB. */
const CODE_BYTES = SLOT_BYTES - 4096 - 512;

export interface Build {
  readonly version: string;
  readonly image: Uint8Array;
  /** Hex. */
  readonly identity: string;
  readonly etag: string;
}

/** Keys, signed images and manifests of a test run. */
export interface Materials {
  readonly trusted: TrustedKeys;
  readonly releaseKey: string;
  /** Older than what runs, what runs, what was offered once, and what is offered. */
  readonly builds: Readonly<Record<'previous' | 'running' | 'withdrawn' | 'offered', Build>>;
  readonly manifest: (build: Build, seq: number, url: string) => Uint8Array;
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const spki = (key: KeyObject): Buffer => key.export({ type: 'spki', format: 'der' });

export const createMaterials = async (): Promise<Materials> => {
  const firmware = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const release = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = firmware.privateKey.export({ type: 'sec1', format: 'pem' }).toString();
  const signer = signerFromPem(pem, schemeFor(CHIP, 'p256'));
  const build = async (version: string): Promise<Build> => {
    const image = await signImage(await appImage(version, { chip: CHIP, codeBytes: CODE_BYTES }), signer);
    const etag = `"${createHash('sha256').update(image).digest('hex')}"`;
    return { version, image, identity: await imageIdentity(image), etag };
  };
  const kid = createHash('sha256')
    .update(spki(createPublicKey(release.privateKey)))
    .digest('hex');
  return {
    trusted: trustedFromPem([pem]),
    releaseKey: release.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    builds: {
      previous: await build('0.9.0'),
      running: await build('1.0.0'),
      withdrawn: await build('1.0.5'),
      offered: await build('1.1.0'),
    },
    manifest({ version, image, identity }, seq, url) {
      const payload: ReleaseManifest = {
        seq,
        exp: Date.UTC(2027, 0, 1) / 1000,
        project: 'demo',
        chip: CHIP,
        version,
        secureVersion: 0,
        size: image.length,
        sha256: createHash('sha256').update(image).digest('hex'),
        image: identity,
        url,
      };
      const input = `${encode({ alg: 'ES256', kid })}.${encode(payload)}`;
      const signature = sign('sha256', Buffer.from(input), { key: release.privateKey, dsaEncoding: 'ieee-p1363' });
      return Buffer.from(`${input}.${signature.toString('base64url')}`);
    },
  };
};
