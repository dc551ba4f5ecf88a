import { isHttpsUrl, URL_MAX_BYTES } from '@secure-esp/protocol';
import { OtaError } from '../errors.js';

/** Path of an image below the server's root. */
export const imagePath = (sha256: string): string => `images/${sha256}.bin`;

/**
 * The address that a manifest names, from what the publisher gave: verbatim when it contains the hash or `{sha256}` (which
 * is filled in, for images on another host), else `images/<sha256>.bin` relative to it, as a link on that page would be.
 * @throws OtaError `bad_option`
 */
export function imageUrl(given: string, sha256: string): string {
  const filled = given.replaceAll('{sha256}', sha256);
  const url = filled.includes(sha256) ? filled : resolve(imagePath(sha256), given);
  if (url === undefined || Buffer.byteLength(url) > URL_MAX_BYTES || !isHttpsUrl(url)) {
    throw new OtaError(
      'bad_option',
      `url must give an https address of at most ${URL_MAX_BYTES} bytes, without user name and fragment`,
    );
  }
  return url;
}

function resolve(path: string, base: string): string | undefined {
  if (!isHttpsUrl(base)) return undefined;
  try {
    return new URL(path, base).href;
  } catch {
    return undefined;
  }
}
