/** One command that ends by itself, as a test runs it in a {@link Workshop}’s room. */
export interface ShortCommand {
  /** Words of a command line that succeeds, after the command itself. */
  readonly words: readonly string[];
  readonly stdout: RegExp;
  /** What `--json` prints has this, if it is an object; for a list, its first entry has. */
  readonly json: object;
  /** Words of one that is refused, or is wrong usage. */
  readonly wrong: readonly string[];
  readonly exitCode: 1 | 2;
  /** The sentence and the next step. */
  readonly stderr: RegExp;
  /** It is run where nothing is. */
  readonly empty?: true;
}

const NO_TREE = /ca\.crt is missing.*\nThere are certificates in \.secure-esp: go there, or add `--dir \.secure-esp`\./;
const NO_OUT = /required option '--out <dir>' not specified\nRun with --help/;
const generated = (stdout: RegExp): ShortCommand => ({
  words: ['--out', 'out'],
  stdout,
  json: { out: 'out' },
  wrong: [],
  exitCode: 2,
  stderr: NO_OUT,
});

/** Every one that there is, but for those that need a server. */
export const SHORT_COMMANDS: Readonly<Record<string, ShortCommand>> = {
  init: {
    words: ['--yes', '--project', 'lamp', '--chip', 'esp32c6'],
    stdout: /^wrote \.gitignore\nwrote secure-esp\.config\.ts\n[^]*npx secure-esp broker run/,
    json: { changed: true, file: 'secure-esp.config.ts', project: 'lamp', chip: 'esp32c6' },
    wrong: [],
    exitCode: 2,
    stderr: /no terminal\.\nGive the answers: `secure-esp init --yes/,
    empty: true,
  },
  'pki init': {
    words: ['--device', 'esp-001'],
    stdout: /made \.secure-esp\/ca\/certs\/ca\.crt\n[^]*devices: esp-001/,
    json: { dir: '.secure-esp', devices: ['esp-001'] },
    wrong: ['--device', 'a/b'],
    exitCode: 1,
    stderr: /the device name must be .*\nRun with --help/,
    empty: true,
  },
  'pki issue': {
    words: ['esp-003'],
    stdout: /^made \.secure-esp\/devices\/esp-003\/client\.crt, [0-9A-F]+\n$/,
    json: { name: 'esp-003', issued: true },
    wrong: ['esp-003', '--count', '3'],
    exitCode: 2,
    stderr: /give ids, --count or --from/,
  },
  'pki sign-csr': {
    words: ['device.csr', '--name', 'esp-007'],
    stdout: /^-----BEGIN CERTIFICATE-----\n/,
    json: { name: 'esp-007' },
    wrong: ['app-1.0.0.bin', '--name', 'esp-007'],
    exitCode: 1,
    stderr: /the certificate request is not DER.*\nMake one with `openssl req/,
  },
  'pki list': {
    words: [],
    stdout: /^good +until .* broker +broker /m,
    json: { state: 'good' },
    wrong: ['--dir', 'nowhere'],
    exitCode: 1,
    stderr: NO_TREE,
  },
  'pki show': {
    words: ['esp-001'],
    stdout: /^serial +[0-9A-F]+\nname +esp-001\n/,
    json: { name: 'esp-001' },
    wrong: ['esp-404'],
    exitCode: 1,
    stderr: /esp-404.*\n.*secure-esp pki list/,
  },
  'pki revoke': {
    words: ['esp-001', '--reason', 'keyCompromise'],
    stdout: /^revoked [0-9A-F]+: keyCompromise/,
    json: {},
    wrong: ['esp-404'],
    exitCode: 1,
    stderr: /esp-404/,
  },
  'pki crl': {
    words: ['--days', '30'],
    stdout: /ca\.crl: number 2, 0 revoked/,
    json: {},
    wrong: ['--days', '0'],
    exitCode: 2,
    stderr: /integer in 1\.\.3650\.\n(?:.*\n)*Run with --help/,
  },
  'pki export': {
    words: ['operator', '--out', 'operator.pem'],
    stdout: /^made operator\.pem, /,
    json: { out: 'operator.pem' },
    wrong: ['operator', '--format', 'p12', '--out', 'operator.p12'],
    exitCode: 2,
    stderr: /passphrase.*\n.*--passphrase-file/,
  },
  'pki keys': {
    words: [],
    stdout: /^firmware +v1-ecdsa-p256 [^]*\nrelease +ES256 /,
    json: {},
    wrong: ['--dir', 'nowhere'],
    exitCode: 1,
    stderr: NO_TREE,
  },
  'pki renew': {
    words: ['operator'],
    stdout: /^renewed \.secure-esp\/ca\/certs\/client\.crt, /,
    json: { name: 'operator' },
    wrong: ['esp-404'],
    exitCode: 1,
    stderr: /esp-404.*\n/,
  },
  'pki claim': {
    words: ['esp-010', '--out', 'new.json'],
    stdout: /^made new\.json with 1 claim\(s\)\n$/,
    json: { out: 'new.json', claims: [{ name: 'esp-010' }] },
    wrong: ['esp-010', '--out', 'claims.json'],
    exitCode: 1,
    stderr: /"claims\.json" is there already\.\nName another/,
  },
  'pki claims': {
    words: [],
    stdout: /^open +until .* by token +esp-009\n$/,
    json: { name: 'esp-009', state: 'open' },
    wrong: ['--dir', 'nowhere'],
    exitCode: 1,
    stderr: NO_TREE,
  },
  'pki unclaim': {
    words: ['esp-009'],
    stdout: /^took back the claim of esp-009\n$/,
    json: { removed: ['esp-009'] },
    wrong: ['--dir', 'nowhere', 'esp-009'],
    exitCode: 1,
    stderr: NO_TREE,
  },
  'pki rollover': {
    words: ['device-ca', '--prepare'],
    stdout: /device-ca/,
    json: {},
    wrong: ['device-ca', '--finish'],
    exitCode: 1,
    stderr: /\n.*secure-esp pki rollover/,
  },
  'pki adopt': {
    words: ['old/.secure-esp', '--keep-signing-key', '--until', '30d'],
    stdout: /operator until the end: old\/[^]*WARNING: /,
    json: { signingKey: 'kept_ours' },
    wrong: [],
    exitCode: 1,
    stderr: /which tree is to be adopted\?\nName the folder/,
  },
  provision: {
    words: ['esp-001', 'esp-002', '--batch', 'batch.csv'],
    stdout: /^made provisioned\/esp-001\/nvs\.bin, [^]*made provisioned\/esp-002\/nvs\.bin, /,
    json: { partition: 'secure_esp_prov', encrypted: false },
    wrong: ['esp-001', 'esp-404'],
    exitCode: 1,
    stderr: /esp-404.*\nMake its certificate/,
  },
  'image info': {
    words: ['app-1.0.0.bin'],
    stdout: /^file +application image, 384 bytes\n/,
    json: { file: 'app-1.0.0.bin', project: 'lamp', version: '1.0.0' },
    wrong: ['none.bin'],
    exitCode: 1,
    stderr: /"none\.bin" cannot be read: no such file or folder\.\nCheck the path\./,
  },
  'image sign': {
    words: ['app-1.0.0.bin', '-o', 'signed.bin'],
    stdout: /^signed signed\.bin: v1-ecdsa-p256, 452 bytes\n$/,
    json: { file: 'signed.bin' },
    wrong: ['device.csr'],
    exitCode: 1,
    stderr: /image.*\n/,
  },
  'image verify': {
    words: ['app-1.0.0.signed.bin'],
    stdout: /good v1-ecdsa-p256 signature of a trusted key/,
    json: { file: 'app-1.0.0.signed.bin' },
    // what is no image that a device takes is a result, too, and printed with --json
    wrong: ['none.bin'],
    exitCode: 1,
    stderr: /"none\.bin" cannot be read: .*\nCheck the path\./,
  },
  'image extract': {
    words: ['merged.bin', '-o', 'carved.bin'],
    stdout: /^made carved\.bin: lamp 1\.0\.0 for esp32, 452 bytes, with its signature\n$/,
    json: { file: 'carved.bin' },
    wrong: ['app-1.0.0.bin', '-o', 'carved.bin'],
    exitCode: 1,
    stderr: /is not a merged flash image\.\nSee what it is with `secure-esp image info/,
  },
  'image build': {
    words: ['--project', 'lamp', '--image-version', '2.0.0', '-o', 'built.bin'],
    stdout: /^made built\.bin: lamp 2\.0\.0 for esp32, 384 bytes/,
    json: { file: 'built.bin', version: '2.0.0' },
    wrong: ['--project', 'lamp', '--image-version', '2.0.0', '-o', 'app-1.0.0.bin'],
    exitCode: 1,
    stderr: /is there already\.\nName another file/,
  },
  'broker config': {
    words: ['--out', 'mosquitto'],
    stdout: /^wrote mosquitto\/mosquitto\.conf\nwrote /,
    json: { kind: 'mosquitto' },
    wrong: [],
    exitCode: 2,
    stderr: NO_OUT,
  },
  'ota publish': {
    words: ['app-1.1.0.signed.bin'],
    stdout: /^released lamp 1\.1\.0 for esp32 as \/secure_esp\.bin\n$/,
    json: { released: true, release: { version: '1.1.0' } },
    wrong: ['app-1.1.0.bin'],
    exitCode: 1,
    stderr: /\n.*secure-esp image sign/,
  },
  'ota list': {
    words: [],
    stdout: /^ +1 +until .* lamp 1\.0\.0 +\/secure_esp\.bin/,
    json: { version: '1.0.0', seq: 1 },
    wrong: ['--expiring', 'soon'],
    exitCode: 2,
    stderr: /integer in 1\.\.3650\.\n(?:.*\n)*Run with --help/,
  },
  'ota renew': {
    words: [],
    stdout: /^renewed lamp 1\.0\.0 for esp32 until .*, as number 2\n$/,
    json: { renewed: [{ version: '1.0.0', seq: 2 }] },
    wrong: ['--dir', 'nowhere'],
    exitCode: 1,
    stderr: NO_TREE,
  },
  'codegen init': {
    words: ['lamp-protocol.ts'],
    stdout: /^wrote lamp-protocol\.ts\n/,
    json: { file: 'lamp-protocol.ts', name: 'lamp' },
    wrong: ['device.csr'],
    exitCode: 1,
    stderr: /it is TypeScript\.\nEnd the name in \.ts\./,
  },
  'codegen c': generated(/^wrote out\/secure_esp_topics\.h\n/),
  'codegen fuzz': generated(/^wrote out\/fuzz\//),
  'codegen vectors': generated(/^wrote out\/vectors\//),
  'codegen asyncapi': generated(/^wrote out\/asyncapi\.json\n$/),
  'codegen json-schema': generated(/^wrote out\/.*\.schema\.json\n/),
  'codegen docs': generated(/^wrote out\/topics\.md\n/),
  'codegen acl': generated(/^wrote out\/operators\.acl\nwrote out\/devices\.acl\n$/),
  'codegen check-compat': {
    words: ['docs/secure-esp-v1.contract.json', 'docs/secure-esp-v1.contract.json'],
    stdout: /^the contracts mean the same\n$/,
    json: { compatible: true },
    wrong: ['docs/secure-esp-v1.contract.json', 'none.json'],
    exitCode: 1,
    stderr: /none\.json.*\n/,
  },
  'doctor firmware': {
    words: ['firmware', '--chip', 'esp32'],
    stdout: /\n0 errors, /,
    json: { chip: 'esp32', counts: { error: 0 } },
    wrong: ['nowhere'],
    exitCode: 2,
    stderr: /"nowhere" has no sdkconfig.*\nName the folder/,
  },
};

/** They print for a shell, and have no `--json`. */
export const FOR_SHELLS: Readonly<Record<string, Pick<ShortCommand, 'words' | 'stdout' | 'wrong' | 'stderr'>>> = {
  completion: {
    words: ['bash'],
    stdout: /^# secure-esp completion for bash/,
    wrong: ['tcsh'],
    stderr: /Allowed choices are bash, zsh, fish\.\nRun with --help/,
  },
  complete: {
    words: ['pki', 'show', 'esp'],
    stdout: /^esp-001\tdevice\nesp-002\tdevice\n:none\n$/,
    wrong: ['--nonsense'],
    stderr: /unknown option '--nonsense'\nRun with --help/,
  },
};
