// The five messages to measure, in the order of BENCH_MESSAGES in c/bench.h, and payloads to judge.

const hex = (digits) => '0123456789abcdef'.repeat(digits / 16);

/** What each peer decodes and encodes. `leaf` names the codec of the contract, `type` the message in messages.proto. */
export const MESSAGES = [
  {
    name: 'status',
    leaf: 'status',
    type: 'Status',
    value: {
      online: true,
      project: 'greenhouse',
      version: '1.4.2-7-g3f2a9c1',
      chip: 'esp32c3',
      bootId: 2_871_446_301,
      resetReason: 'power_on',
      protocol: 1,
      contract: hex(16),
    },
  },
  {
    name: 'update_state',
    leaf: 'update/state',
    type: 'UpdateState',
    value: {
      run: 42,
      state: 'downloading',
      from: '1.4.2-7-g3f2a9c1',
      to: '1.5.0',
      bytes: 524_288,
      total: 1_048_576,
      reason: null,
    },
  },
  {
    name: 'settings',
    leaf: 'settings',
    type: 'Settings',
    value: { url: 'https://ota.example.com:8443/firmware/greenhouse/esp32c3.bin', useUrl: 1, interval: 86_400 },
  },
  {
    name: 'replies',
    leaf: 'replies/{client}',
    type: 'Replies',
    value: { ok: false, code: 'out_of_range', detail: 'the interval must be 300 to 9999999 seconds' },
  },
  {
    name: 'manifest',
    document: 'manifest',
    type: 'Manifest',
    value: {
      seq: 17,
      exp: 1_924_991_999,
      project: 'greenhouse',
      chip: 'esp32c3',
      version: '1.5.0',
      secureVersion: 2,
      size: 1_048_576,
      sha256: hex(64),
      image: hex(64),
      url: 'https://ota.example.com:8443/firmware/greenhouse/1.5.0.bin',
      from: ['1.4.2', '1.4.2-7-g3f2a9c1'],
    },
  },
];

const valueOf = (name) => MESSAGES.find((message) => message.name === name).value;
const change = (name, members) => JSON.stringify({ ...valueOf(name), ...members });

/** JSON payloads that the contract refuses, and so must every JSON peer: [message, note, payload]. */
export const REFUSED = [
  ...MESSAGES.flatMap(({ name, value }) => [
    [name, 'empty', ''],
    [name, 'array', '[]'],
    [name, 'cut off', JSON.stringify(value).slice(0, -1)],
    [name, 'text behind', `${JSON.stringify(value)}x`],
    ...Object.keys(value)
      .filter((key) => key !== 'from' || name !== 'manifest')
      .flatMap((key) => [
        [name, `without ${key}`, change(name, { [key]: undefined })],
        [name, `${key} of another type`, change(name, { [key]: [0] })],
      ]),
  ]),
  ['status', 'project too long', change('status', { project: 'x'.repeat(33) })],
  ['status', 'chip empty', change('status', { chip: '' })],
  ['status', 'chip with a slash', change('status', { chip: 'esp/32' })],
  ['status', 'bootId negative', change('status', { bootId: -1 })],
  ['status', 'bootId of 33 bits', change('status', { bootId: 4_294_967_296 })],
  ['status', 'bootId with a fraction', change('status', { bootId: 1.5 })],
  ['status', 'unknown reason', change('status', { resetReason: 'power' })],
  ['status', 'protocol 0', change('status', { protocol: 0 })],
  ['status', 'protocol of 17 bits', change('status', { protocol: 65_536 })],
  ['status', 'contract in capitals', change('status', { contract: '0123456789ABCDEF' })],
  ['status', 'contract too short', change('status', { contract: '0123' })],
  ['status', 'payload too long', `${JSON.stringify(valueOf('status'))}${' '.repeat(512)}`],
  ['update_state', 'unknown state', change('update_state', { state: 'sleeping' })],
  ['update_state', 'unknown reason', change('update_state', { reason: 'bored' })],
  ['settings', 'plain http', change('settings', { url: 'http://ota.example.com/' })],
  ['settings', 'url without host', change('settings', { url: 'https:///x' })],
  ['settings', 'url with user', change('settings', { url: 'https://me@ota.example.com/' })],
  ['settings', 'url with fragment', change('settings', { url: 'https://ota.example.com/#x' })],
  ['settings', 'url with port 0', change('settings', { url: 'https://ota.example.com:0/' })],
  ['settings', 'url with port 65536', change('settings', { url: 'https://ota.example.com:65536/' })],
  ['settings', 'url too long', change('settings', { url: `https://${'x'.repeat(248)}` })],
  ['settings', 'useUrl 2', change('settings', { useUrl: 2 })],
  ['replies', 'unknown code', change('replies', { code: 'lazy' })],
  ['replies', 'detail too long', change('replies', { detail: 'x'.repeat(129) })],
  ['manifest', 'version empty', change('manifest', { version: '' })],
  ['manifest', 'nine from', change('manifest', { from: Array.from({ length: 9 }, () => '1.0.0') })],
  ['manifest', 'an empty from', change('manifest', { from: ['1.0.0', ''] })],
  ['manifest', 'from of numbers', change('manifest', { from: [1] })],
  ['manifest', 'sha256 too short', change('manifest', { sha256: hex(48) })],
].map(([message, note, payload]) => ({ message, note, bytes: Buffer.from(payload), accept: false }));

/** JSON payloads that the contract accepts beside the measured ones. */
export const ACCEPTED = [
  ['status', 'offline', '{"online":false}'],
  ['status', 'with an unknown member', change('status', { colour: 'green' })],
  ['update_state', 'nothing to, a reason', change('update_state', { to: null, reason: 'none_newer' })],
  ['settings', 'no url', change('settings', { url: null })],
  ['settings', 'with white space', ` {\n\t"url" : null, "useUrl": 0 , "interval" : 1e3 } `],
  ['replies', 'ok', '{"ok":true}'],
  ['replies', 'ok with run', '{"ok":true,"run":7}'],
  ['replies', 'with escapes', change('replies', { detail: 'say "\u00e9\\\n\u{1F600}"' })],
  ['manifest', 'without from', change('manifest', { from: undefined })],
  [
    'manifest',
    'from of eight',
    change('manifest', { from: Array.from({ length: 8 }, (_, at) => `1.0.${String(at)}`) }),
  ],
].map(([message, note, payload]) => ({ message, note, bytes: Buffer.from(payload), accept: true }));

/**
 * Where cJSON's language is another one than the contract's (RFC 8259 with the last of duplicate keys): cJSON's own
 * verdicts are printed, not judged.
 */
export const DIFFERENT = [
  ['a number with a leading zero', '{"url":null,"useUrl":00,"interval":1}', false],
  ['a number with a plus sign', '{"url":null,"useUrl":0,"interval":1e+}', false],
  ['1.00000000000000000001 for an integer', '{"url":null,"useUrl":1.00000000000000000001,"interval":1}', false],
  ['a control character in a string', '{"url":null,"useUrl":0,"interval":1,"x":"\n"}', false],
  ['\\u0000 in a string', '{"url":null,"useUrl":0,"interval":1,"x":"a\\u0000b"}', false],
  ['a byte that is not UTF-8', Buffer.from('{"url":null,"useUrl":0,"interval":1,"x":"\xff"}', 'latin1'), false],
  ['an ignored member nested deeper than the contract', '{"url":null,"useUrl":0,"interval":1,"x":[[[]]]}', false],
  ['a bad value that a duplicate key overrides', '{"url":1,"url":null,"useUrl":0,"interval":1}', true],
  ['a good value that a bad duplicate overrides', '{"url":null,"url":1,"useUrl":0,"interval":1}', false],
].map(([note, payload, accept]) => ({ message: 'settings', note, bytes: Buffer.from(payload), accept }));

/**
 * What Protocol Buffers can say and the contract refuses: nanopb takes it as it comes, nanopb with checks refuses it.
 * Members that differ from the measured message, or what to make of its bytes.
 */
export const UNCHECKED = [
  ['status', 'chip with a slash', { chip: 'esp/32' }],
  ['status', 'chip empty', { chip: '' }],
  ['status', 'unknown reason', { resetReason: 99 }],
  ['status', 'protocol 0', { protocol: 0 }],
  ['status', 'contract in capitals', { contract: '0123456789ABCDEF' }],
  ['status', 'not UTF-8', (bytes) => bytes.map((byte) => (byte === 0x67 ? 0xff : byte))],
  ['update_state', 'unknown state', { state: 99 }],
  ['update_state', 'unknown reason', { reason: 99 }],
  ['settings', 'plain http', { url: 'http://ota.example.com/' }],
  ['settings', 'url with port 0', { url: 'https://ota.example.com:0/' }],
  ['settings', 'useUrl 2', { useUrl: 2 }],
  ['replies', 'unknown code', { code: 99 }],
  ['replies', 'nothing at all', () => Buffer.alloc(0)],
  ['manifest', 'version empty', { version: '' }],
  ['manifest', 'an empty from', { from: ['1.0.0', ''] }],
  ['manifest', 'sha256 too short', { sha256: hex(48) }],
];
