import { OtaError } from '../errors.js';
import { isChannelName } from '../update/release.js';

/** For devices that cannot show a certificate yet: which files anybody may fetch, and until when. */
export interface BridgeOptions {
  /** Only `/<channel>.bin` of these channels. */
  readonly channels: readonly string[];
  /** From this moment on nobody gets in without a certificate. At most 366 days ahead. */
  readonly until: Date;
}

export interface Bridge {
  /** Whether anybody may fetch this channel's file now. */
  readonly allows: (channel: string) => boolean;
}

const OPTION = 'dangerouslyServeWithoutClientCertificate';
const MAX_AHEAD_MS = 366 * 24 * 60 * 60 * 1000;

/**
 * A date that has passed is no error, so that a server restarts after it: then nobody is let in.
 * @throws OtaError `bad_option`
 */
export function createBridge({ channels, until }: BridgeOptions, now: () => Date): Bridge {
  const names = new Set(channels);
  const end = until.getTime();
  if (names.size === 0 || ![...names].every(isChannelName)) {
    throw new OtaError('bad_option', `${OPTION}.channels must name at least one channel, and channels only`);
  }
  if (Number.isNaN(end) || end - now().getTime() > MAX_AHEAD_MS) {
    throw new OtaError('bad_option', `${OPTION}.until must be a date at most 366 days ahead`);
  }
  const isOpen = () => now().getTime() < end;
  process.emitWarning(
    isOpen()
      ? `anybody can fetch ${[...names].join(', ')} without a client certificate until ${until.toISOString()}`
      : `${OPTION} ended on ${until.toISOString()}: remove it`,
    { type: 'OtaSecurityWarning', code: 'OTA_WITHOUT_CLIENT_CERTIFICATE' },
  );
  return Object.freeze({ allows: (channel: string) => isOpen() && names.has(channel) });
}
