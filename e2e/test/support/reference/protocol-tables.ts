import { REPLY_CODES, RESET_REASONS, secureEspV1, UPDATE_REASONS, UPDATE_STATES } from '@secure-esp/protocol';
import { generateTopicTable } from '@secure-esp/protocol/codegen';

/** A new code is a type error here until it has a meaning. */
const REPLIES: Readonly<Record<(typeof REPLY_CODES)[number], string>> = {
  bad_payload: 'not of the form that the topic demands; a URL that is not https, or has user info or a fragment',
  out_of_range: 'a number outside its bounds',
  too_long: 'more bytes than the topic allows',
  no_url: '`use_url` 1 while no URL is stored; nothing is changed',
  busy: 'an update runs',
  retained: 'the command was a retained message',
  duplicate: 'a command with this correlation data was seen before, possibly before the last reboot',
  unsupported: 'the firmware does not do this',
};

const STATES: Readonly<Record<(typeof UPDATE_STATES)[number], string>> = {
  idle: 'nothing runs; with the reason `none_newer`, a check that found nothing',
  checking: 'the update server is asked',
  downloading: 'bytes of the image arrive',
  verifying: 'hash and signature of the written image are checked',
  rebooting: 'the boot slot is switched',
  pending_confirm: 'the new firmware runs and is not confirmed yet',
  confirmed: 'ends a run: the new firmware reached its broker and is healthy',
  rolled_back: 'ends a run: the old firmware runs again',
  failed: 'ends a run: nothing was installed',
};

const REASONS: Readonly<Record<(typeof UPDATE_REASONS)[number], string>> = {
  none_newer: 'the server has nothing newer',
  not_an_image: 'the bytes are no application image',
  truncated: 'the image ends too early',
  bad_checksum: "the image's checksum does not match",
  bad_hash: "a SHA-256, of the image or of its manifest's promise, does not match",
  unsigned: 'there is no signature',
  bad_signature: 'a signature does not verify',
  untrusted_key: 'signed by a key that the device does not trust',
  wrong_chip: 'made for another chip',
  wrong_project: 'of another project',
  same_version: 'the version that runs',
  lower_version: 'a version below the one that runs',
  version_unparsable: 'a version that does not compare',
  secure_version: "the anti-rollback counter is below the device's",
  too_large: 'does not fit the slot',
  manifest_expired: 'the release manifest has expired',
  manifest_replayed: 'the release manifest has a lower number than one seen before',
  unreachable: 'no connection to the update server',
  tls: 'the TLS handshake failed',
  http_status: 'the server answered with an error',
  stalled: 'no bytes for too long',
  not_confirmed: 'the new firmware was not confirmed in time',
  blocked: 'this image was rolled back before; an operator can allow it with `update/run`',
  flash: 'flash memory failed',
};

const RESETS: Readonly<Record<(typeof RESET_REASONS)[number], string>> = {
  unknown: 'not known',
  power_on: 'power came',
  external: 'the reset pin',
  software: 'a restart that was asked for',
  panic: 'a crash',
  watchdog: 'a watchdog',
  deep_sleep: 'woke from deep sleep',
  brownout: 'the voltage was too low',
};

const tableOf = <Code extends string>(codes: readonly Code[], meanings: Readonly<Record<Code, string>>): string =>
  ['| Code | Meaning |', '| --- | --- |', ...codes.map((code) => `| \`${code}\` | ${meanings[code]} |`)].join('\n');

/** The topics, without the title of the generated page. */
const topics = (): string => generateTopicTable(secureEspV1).replace(/^# .*\n/, '');

export const protocolBlocks = (): Readonly<Record<string, string>> => ({
  topics: topics(),
  replies: tableOf(REPLY_CODES, REPLIES),
  states: tableOf(UPDATE_STATES, STATES),
  reasons: tableOf(UPDATE_REASONS, REASONS),
  resets: tableOf(RESET_REASONS, RESETS),
});
