import { parseTarget } from '../http/request-target.js';

/** What an address of the update server asks for. `sha256` and `channel` are as received and may be anything but a path. */
export type OtaRoute =
  | { readonly kind: 'image'; readonly sha256: string }
  | { readonly kind: 'channel'; readonly channel: string; readonly chip: string | undefined }
  | { readonly kind: 'update'; readonly channel: string | undefined }
  | { readonly kind: 'malformed' }
  | { readonly kind: 'foreign' };

const IMAGE_PATH = /^\/images\/([^/]*)\.bin$/;
const CHANNEL_PATH = /^\/([^/]*)\.bin$/;

export function routeOf(target: string): OtaRoute {
  const parsed = parseTarget(target);
  if (parsed === undefined) return { kind: 'malformed' };
  const { path, query } = parsed;
  const sha256 = IMAGE_PATH.exec(path)?.[1];
  if (sha256 !== undefined) return { kind: 'image', sha256 };
  if (path === '/update') return { kind: 'update', channel: query.get('channel') ?? undefined };
  const channel = CHANNEL_PATH.exec(path)?.[1];
  return channel === undefined
    ? { kind: 'foreign' }
    : { kind: 'channel', channel, chip: query.get('chip') ?? undefined };
}

/**
 * Whether an address, as seen from the mount point, has the form of the update server's own: `/<channel>.bin`,
 * `/images/<sha256>.bin` or `/update`. All others a host answers itself.
 */
export function isOtaTarget(target: string): boolean {
  const { kind } = routeOf(target);
  return kind !== 'foreign' && kind !== 'malformed';
}
