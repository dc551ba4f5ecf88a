/** Reply codes of a refused command. */
export const REPLY_CODES = [
  'bad_payload',
  'out_of_range',
  'too_long',
  'no_url',
  'busy',
  'retained',
  'duplicate',
  'unsupported',
] as const;
/** One of {@link REPLY_CODES}. */
export type ReplyCode = (typeof REPLY_CODES)[number];

/** Where an update stands. `confirmed`, `rolled_back` and `failed` end a run. */
export const UPDATE_STATES = [
  'idle',
  'checking',
  'downloading',
  'verifying',
  'rebooting',
  'pending_confirm',
  'confirmed',
  'rolled_back',
  'failed',
] as const;
/** One of {@link UPDATE_STATES}. */
export type UpdateState = (typeof UPDATE_STATES)[number];

/** Why an update did not happen. `none_newer` is the normal outcome of a check, reported with state `idle`. */
export const UPDATE_REASONS = [
  'none_newer',
  'not_an_image',
  'truncated',
  'bad_checksum',
  'bad_hash',
  'unsigned',
  'bad_signature',
  'untrusted_key',
  'wrong_chip',
  'wrong_project',
  'same_version',
  'lower_version',
  'version_unparsable',
  'secure_version',
  'too_large',
  'manifest_expired',
  'manifest_replayed',
  'unreachable',
  'tls',
  'http_status',
  'stalled',
  'not_confirmed',
  'blocked',
  'flash',
] as const;
/** One of {@link UPDATE_REASONS}. */
export type UpdateReason = (typeof UPDATE_REASONS)[number];

/** Why a device booted. */
export const RESET_REASONS = [
  'unknown',
  'power_on',
  'external',
  'software',
  'panic',
  'watchdog',
  'deep_sleep',
  'brownout',
] as const;
/** One of {@link RESET_REASONS}. */
export type ResetReason = (typeof RESET_REASONS)[number];
