import { isHttpsUrl } from '@secure-esp/protocol';
import { OtaError } from '../errors.js';
import type { StoredImage } from '../stores/firmware-store.js';

/**
 * Somebody else sends the bytes. Who may fetch and what is newer is decided here as always, and so are 304, 412 and 416;
 * manifests and answers to `HEAD` come from here, too. What is sent elsewhere is not seen: there are no `download` events, and no
 * limit of downloads counts them.
 */
export type Delivery = AccelDelivery | RedirectDelivery;

/**
 * The nginx in front of this server reads the file: the reply to it is `X-Accel-Redirect: <location><sha256>.bin` and no
 * body. Requests with `If-Match` or `If-Unmodified-Since` are still answered with bytes: nginx would compare
 * them with its own idea of the file, and refuse.
 */
export interface AccelDelivery {
  readonly kind: 'accel';
  /** Path of an `internal` location of nginx, with a slash at both ends; an alias of the file store's `images` folder. */
  readonly location: string;
}

/** 307 to another address, such as a pre-signed one of S3. For clients that follow redirects. */
export interface RedirectDelivery {
  readonly kind: 'redirect';
  /**
   * The `https` address of an image, for `GET`. Asked for each download, so it may be valid for minutes only. When it fails, or
   * gives another kind of address, the reply is 500.
   */
  readonly urlFor: (image: StoredImage, options: { readonly signal?: AbortSignal }) => Promise<string> | string;
  /** Default, and the only one that keeps the method for every client: 307. */
  readonly status?: 307;
}

const LOCATION = /^\/(?:[A-Za-z0-9._~-]+\/)+$/;
const DOTS = /\/\.{1,2}\//;

/** @throws OtaError `bad_option` */
export function checkDelivery(delivery: Delivery): Delivery {
  if (delivery.kind === 'accel') {
    const { location } = delivery;
    if (!LOCATION.test(location) || DOTS.test(location)) {
      throw new OtaError(
        'bad_option',
        'delivery.location must be a path such as /protected-images/, with a slash at its end',
      );
    }
    return Object.freeze({ kind: 'accel', location });
  }
  return Object.freeze({ kind: 'redirect', urlFor: delivery.urlFor });
}

/** The path that nginx maps to the file. */
export const accelPath = ({ location }: AccelDelivery, sha256: string): string => `${location}${sha256}.bin`;

/** The address to send a client to. Fails as `urlFor` does, or because that gave no `https` address. */
export async function redirectUrl(
  { urlFor }: RedirectDelivery,
  image: StoredImage,
  signal: AbortSignal | undefined,
): Promise<string> {
  const url = await urlFor(image, signal === undefined ? {} : { signal });
  // No part of the address in the message: a pre-signed one is a credential.
  if (!isHttpsUrl(url)) {
    throw new OtaError('bad_option', 'delivery.urlFor must give an https address without user name and fragment');
  }
  return url;
}
