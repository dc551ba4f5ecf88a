import { createHash, createPrivateKey, sign } from 'node:crypto';
import { imageIdentity } from '@secure-esp/firmware-image';
import type { ReleaseManifest } from '@secure-esp/protocol';
import type { World } from './world.js';

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A release manifest for this image as compact JWS. */
export const releaseManifest = async (
  world: World,
  image: Uint8Array,
  over: Partial<ReleaseManifest> = {},
  key: { pem: string; kid: string } = { pem: world.pki.tree.releaseKey, kid: world.pki.tree.releaseKeyId },
): Promise<Uint8Array> => {
  const payload: ReleaseManifest = {
    seq: 1,
    exp: Math.floor(Date.now() / 1000) + 3600,
    project: 'demo',
    chip: 'esp32c6',
    version: '1.1.0',
    secureVersion: 0,
    size: image.length,
    sha256: createHash('sha256').update(image).digest('hex'),
    image: await imageIdentity(image),
    url: world.server.url.replace('firmware.bin', 'image.bin'),
    ...over,
  };
  const input = `${encode({ alg: 'ES256', kid: key.kid })}.${encode(payload)}`;
  const signature = sign('sha256', Buffer.from(input), {
    key: createPrivateKey(key.pem),
    dsaEncoding: 'ieee-p1363',
  });
  return Buffer.from(`${input}.${signature.toString('base64url')}`);
};

/** Serves the manifest on the device's own URL and the image where the manifest points. */
export const serveRelease = (world: World, jws: Uint8Array, image: Uint8Array): void => {
  world.server.handler = (request, response) => {
    const wantsImage = request.url === '/image.bin';
    const body = wantsImage ? image : jws;
    response.writeHead(200, {
      'content-type': wantsImage ? 'application/octet-stream' : 'application/jose',
      'content-length': String(body.length),
    });
    response.end(body);
  };
};
