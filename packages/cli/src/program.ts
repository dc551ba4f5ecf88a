import { CHIPS, SIGNATURE_SCHEMES } from '@secure-esp/firmware-image';
import { Command, Option } from 'commander';
import { createRequire } from 'node:module';
import type { BrokerConfigOptions } from './commands/broker-config.js';
import type { BrokerServeOptions } from './commands/broker-serve.js';
import type { CodegenCOptions, CodegenOptions } from './commands/codegen-c.js';
import type { CodegenProveOptions } from './commands/codegen-prove.js';
import type { CodegenCheckCompatOptions } from './commands/codegen-check-compat.js';
import type { CodegenInitOptions } from './commands/codegen-init.js';
import type { CodegenAclOptions } from './commands/codegen-acl.js';
import type { CodegenAsyncApiOptions } from './commands/codegen-docs.js';
import type { DemoCommandOptions } from './commands/demo.js';
import type { DeviceForgetOptions } from './commands/device-forget.js';
import type { DeviceSendOptions } from './commands/device-send.js';
import type { DeviceUpdateOptions } from './commands/device-update.js';
import type { DeviceWatchOptions } from './commands/device-watch.js';
import type { ImageInfoOptions } from './commands/image-info.js';
import type { ImageSignOptions } from './commands/image-sign.js';
import type { ImageVerifyOptions } from './commands/image-verify.js';
import type { OtaPublishOptions } from './commands/ota-publish.js';
import type { OtaServeOptions } from './commands/ota-serve.js';
import type { PkiCrlOptions } from './commands/pki-crl.js';
import type { PkiOptions } from './commands/pki-format.js';
import type { PkiInitOptions } from './commands/pki-init.js';
import type { PkiListOptions } from './commands/pki-list.js';
import type { PkiRenewOptions } from './commands/pki-renew.js';
import type { PkiRevokeOptions } from './commands/pki-revoke.js';
import type { SimOptions } from './commands/sim.js';
import type { CliContext } from './context.js';
import { collect, daysOption, integerOption, portOption } from './options.js';
import { PKI_REASONS, PKI_ROLES, PKI_STATES } from './pki-choices.js';

/** Root of the certificate tree, relative to where the command runs. */
const DEFAULT_DIR = '.secure-esp';

const dirOption = (): Option =>
  new Option('--dir <dir>', 'certificates and keys (made by `pki init`)').default(DEFAULT_DIR);
const chips = CHIPS.map(({ name }) => name);

/**
 * The whole command line. Commands are loaded when they run, so that `--help` and the first line of `demo` come at once.
 */
export function createProgram(context: CliContext): Command {
  const program = new Command('secure-esp')
    .description(
      'The secure base of a product built on an ESP32: certificates, signed images, update server, virtual devices.',
    )
    .version(version(), '-V, --version')
    .option('--verbose', 'show stack traces')
    .exitOverride()
    .showHelpAfterError('Run with --help for what it takes.')
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
    });
  addDemo(program, context);
  addPki(program, context);
  addImage(program, context);
  addBroker(program, context);
  addOta(program, context);
  addSim(program, context);
  addDevice(program, context);
  addCodegen(program, context);
  return program;
}

function version(): string {
  return (createRequire(import.meta.url)('../package.json') as { version: string }).version;
}

function addDemo(program: Command, context: CliContext): void {
  program
    .command('demo')
    .description('Three virtual ESP32s take a signed update over mutual TLS, here and now.')
    .addOption(dirOption())
    .option('--once', 'end after the last device confirmed, instead of keeping everything running')
    .addOption(
      new Option('--broker <kind>', 'embedded, or the installed Mosquitto')
        .choices(['embedded', 'mosquitto'])
        .default('embedded'),
    )
    .option('--devices <n>', 'number of virtual devices', integerOption(1, 50), 3)
    .option('--image <file>', 'offer this ESP32 application image; it is signed on the way')
    .option('--image-version <version>', 'version of --image, where its descriptor has none that means something')
    .action(async (options: DemoCommandOptions) => {
      context.stdout.write('secure-esp demo: a fleet of virtual ESP32s takes a signed update over mutual TLS\n');
      await (await import('./commands/demo.js')).demo(context, options);
    });
}

function addPki(program: Command, context: CliContext): void {
  const pki = program.command('pki').description('Certificate authorities, certificates and signing keys.');
  pki
    .command('init')
    .description('Makes what is missing of the tree; what is there is kept.')
    .addOption(dirOption())
    .option('--host <name>', 'name or address of broker and update server (repeatable)', collect)
    .option('--device <id>', 'device to make a certificate for (repeatable)', collect)
    .addOption(
      new Option('--chip <chip>', 'chip to make a firmware signing key for (repeatable)')
        .choices(chips)
        .argParser(collect),
    )
    .action(async (options: PkiInitOptions) => {
      await (await import('./commands/pki-init.js')).pkiInit(context, options);
    });
  addPkiLifecycle(pki, context);
}

function addPkiLifecycle(pki: Command, context: CliContext): void {
  const command = (usage: string, description: string): Command =>
    pki.command(usage).description(description).addOption(dirOption()).option('--json', 'print JSON');
  command('issue <ids...>', 'Makes the pair of each device that has none; what is there is kept.').action(
    async (ids: string[], options: PkiOptions) => {
      await (await import('./commands/pki-issue.js')).pkiIssue(context, ids, options);
    },
  );
  command('list', 'Lists every certificate that was issued.')
    .addOption(new Option('--role <role>', 'of this role only').choices([...PKI_ROLES, 'ca']))
    .option('--name <name>', 'of this name only')
    .addOption(new Option('--state <state>', 'in this state only').choices(PKI_STATES))
    .option('--expiring <days>', 'whose holder will have none within this time, e.g. 30d', daysOption(36_500))
    .action(async (options: PkiListOptions) => {
      await (await import('./commands/pki-list.js')).pkiList(context, options);
    });
  command('show <name>', 'Shows the certificates of a name, or the one with a serial number.').action(
    async (name: string, options: PkiOptions) => {
      await (await import('./commands/pki-list.js')).pkiShow(context, name, options);
    },
  );
  command('revoke [name]', 'Revokes, for ever, all certificates of a name and writes the revocation list.')
    .option('--serial <serial>', 'revoke this one certificate instead')
    .addOption(new Option('--reason <reason>', 'default: unspecified').choices(PKI_REASONS))
    .action(async (name: string | undefined, options: PkiRevokeOptions) => {
      await (await import('./commands/pki-revoke.js')).pkiRevoke(context, name, options);
    });
  command('crl', 'Shows the revocation lists; issues those that have spent half of their time.')
    .option('--days <days>', 'issue both now, to last so long', daysOption(3650))
    .action(async (options: PkiCrlOptions) => {
      await (await import('./commands/pki-crl.js')).pkiCrl(context, options);
    });
  command('renew <names...>', 'Issues the certificates of devices, operator, broker or ota again, for the same keys.')
    .option('--days <days>', 'to last so long (default: as the role’s do)', daysOption(36_500))
    .option('--revoke-old', 'revoke the old certificates')
    .option('--dangerously-replace-key', 'make new keys too and delete the old ones')
    .action(async (names: string[], options: PkiRenewOptions) => {
      await (await import('./commands/pki-renew.js')).pkiRenew(context, names, options);
    });
}

function addImage(program: Command, context: CliContext): void {
  const image = program.command('image').description('ESP32 application images.');
  image
    .command('info <file>')
    .description('Shows header, segments, app descriptor, hash and signatures.')
    .option('--json', 'print JSON')
    .action(async (file: string, options: ImageInfoOptions) => {
      await (await import('./commands/image-info.js')).imageInfo(context, file, options);
    });
  image
    .command('sign <file>')
    .description('Appends a signature in the form that the image’s chip verifies.')
    .addOption(dirOption())
    .option('--key <pem>', 'firmware signing key (default: the one of --dir for the scheme)')
    .addOption(new Option('--scheme <scheme>', 'default: the chip’s').choices(SIGNATURE_SCHEMES))
    .option('-o, --out <file>', 'signed image (default: <file>.signed.bin)')
    .action(async (file: string, options: ImageSignOptions) => {
      await (await import('./commands/image-sign.js')).imageSign(context, file, options);
    });
  image
    .command('verify <file>')
    .description('Verifies an image by the rules of the device; exit code 1 and the reason if it would refuse.')
    .addOption(dirOption())
    .option('--key <pem>', 'trusted key, public or private (repeatable; default: the firmware keys of --dir)', collect)
    .action(async (file: string, options: ImageVerifyOptions) => {
      await (await import('./commands/image-verify.js')).imageVerify(context, file, options);
    });
}

function addBroker(program: Command, context: CliContext): void {
  const broker = program.command('broker').description('The MQTT broker, with the contract’s access rules.');
  const listeners = (command: Command): Command =>
    command
      .addOption(dirOption())
      .option('--host <address>', 'address to listen on', '127.0.0.1')
      .option('--operator-port <port>', 'port of the operators’ listener', portOption, 8883)
      .option('--device-port <port>', 'port of the devices’ listener', portOption, 8884);
  listeners(broker.command('serve').description('Runs a broker until Ctrl-C.'))
    .addOption(
      new Option('--kind <kind>', 'embedded (in memory), or the installed Mosquitto')
        .choices(['embedded', 'mosquitto'])
        .default('embedded'),
    )
    .action(async (options: BrokerServeOptions) => {
      await (await import('./commands/broker-serve.js')).brokerServe(context, options);
    });
  listeners(broker.command('config').description('Writes the configuration and access rules for Mosquitto.'))
    .requiredOption('--out <dir>', 'where mosquitto.conf, operators.acl and devices.acl go')
    .action(async (options: BrokerConfigOptions) => {
      await (await import('./commands/broker-config.js')).brokerConfig(context, options);
    });
}

function addOta(program: Command, context: CliContext): void {
  const ota = program.command('ota').description('The update server.');
  const firmwareOption = (): Option => new Option('--firmware <dir>', 'published releases (default: <dir>/firmware)');
  ota
    .command('publish <file>')
    .description('Checks a signed image and releases it; refuses what a device would refuse.')
    .addOption(dirOption())
    .addOption(firmwareOption())
    .option('--name <name>', 'channel: devices ask for /<name>.bin', 'secure_esp')
    .option('--project <project>', 'project the image must be of (default: the one in its descriptor)')
    .addOption(new Option('--chip <chip>', 'chip the image must be for (default: any)').choices(chips))
    .option('--image-version <version>', 'state the version, where the descriptor has none that means something')
    .option('--url <url>', 'where devices reach the server', 'https://localhost:8070')
    .action(async (file: string, options: OtaPublishOptions) => {
      await (await import('./commands/ota-publish.js')).otaPublish(context, file, options);
    });
  ota
    .command('serve')
    .description('Serves the published releases over TLS to clients with a certificate.')
    .addOption(dirOption())
    .addOption(firmwareOption())
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <port>', 'port to listen on', portOption, 8070)
    .action(async (options: OtaServeOptions) => {
      await (await import('./commands/ota-serve.js')).otaServe(context, options);
    });
}

function addSim(program: Command, context: CliContext): void {
  program
    .command('sim [ids...]')
    .description('Runs virtual ESP32s: the firmware core on real MQTT and HTTPS (default: esp-001).')
    .addOption(dirOption())
    .requiredOption('--firmware <file>', 'signed image they are flashed with at first start')
    .option('--firmware-version <version>', 'its version, where its descriptor has none that means something')
    .option('--url <url>', 'broker, devices’ listener', 'mqtts://localhost:8884')
    .option('--ota <url>', 'built-in firmware URL', 'https://localhost:8070/secure_esp.bin')
    .option('--state <dir>', 'keeps their flash (default: <dir>/flash)')
    .option('--require-manifest', 'refuse images without a signed release manifest')
    .option('--no-checks', 'look for updates only by command, not on the timer')
    .action(async (ids: string[], options: SimOptions) => {
      await (await import('./commands/sim.js')).sim(context, ids, options);
    });
}

function addDevice(program: Command, context: CliContext): void {
  const device = program.command('device').description('Commands and events of devices, as an operator.');
  const urlOption = (): Option =>
    new Option('--url <url>', 'broker, operators’ listener').default('mqtts://localhost:8883');
  device
    .command('watch [id]')
    .description('Prints log lines, states and presence until Ctrl-C.')
    .addOption(dirOption())
    .addOption(urlOption())
    .option('--json', 'print one JSON object per line')
    .action(async (id: string | undefined, options: DeviceWatchOptions) => {
      await (await import('./commands/device-watch.js')).deviceWatch(context, id, options);
    });
  device
    .command('send <id> <command> [value]')
    .description('Sends one command and prints the reply, e.g. `device send esp-001 update/interval 600`.')
    .addOption(dirOption())
    .addOption(urlOption())
    .action(async (id: string, leaf: string, value: string | undefined, options: DeviceSendOptions) => {
      await (await import('./commands/device-send.js')).deviceSend(context, id, leaf, value, options);
    });
  device
    .command('update <ids...>')
    .description('Runs an update on each device in turn and waits until it confirmed.')
    .addOption(dirOption())
    .addOption(urlOption())
    .option('--deadline <seconds>', 'per device', integerOption(1, 86_400), 1200)
    .action(async (ids: string[], options: DeviceUpdateOptions) => {
      await (await import('./commands/device-update.js')).deviceUpdate(context, ids, options);
    });
  device
    .command('forget <id>')
    .description('Clears what the broker retains of a device that is gone.')
    .addOption(dirOption())
    .addOption(urlOption())
    .action(async (id: string, options: DeviceForgetOptions) => {
      await (await import('./commands/device-forget.js')).deviceForget(context, id, options);
    });
}

function addCodegen(program: Command, context: CliContext): void {
  const codegen = program.command('codegen').description('Code and documents from the contract.');
  codegen
    .command('init [file]')
    .description('Writes a small contract of your own to start from (default: my-protocol.ts).')
    .option('--name <name>', 'of the contract (default: that of the file)')
    .option('--root <root>', 'first levels of its topics (default: /<name>; with --extend, /esp)')
    .option('--extend', 'have all of the secure-esp contract, and your topics more')
    .action(async (file: string | undefined, options: CodegenInitOptions) => {
      await (await import('./commands/codegen-init.js')).codegenInit(context, file ?? 'my-protocol.ts', options);
    });
  const output = (name: string, description: string): Command =>
    codegen
      .command(name)
      .description(description)
      .requiredOption('--out <dir>', 'folder to write to')
      .option(
        '--protocol <file>',
        'TypeScript or JavaScript module whose default export is a protocol (default: the secure-esp contract)',
      )
      .option('--check', 'write nothing; exit code 1 if a file is missing or out of date')
      .option('--list', 'print the path of every file, one a line, and nothing else');
  const outputOfC = (name: string, description: string): Command =>
    output(name, description)
      .option('--prefix <prefix>', 'of every name in C (default: sesp; with --protocol, the contract’s name)')
      .option('--license <spdx>', 'SPDX identifier to put at the top of each file (default: none)');
  outputOfC('c', 'Writes the C headers and parsers: <name>_topics.h, <name>_protocol.h and .c.').action(
    async (options: CodegenCOptions) => {
      await (await import('./commands/codegen-c.js')).codegenC(context, options);
    },
  );
  outputOfC('fuzz', 'Writes libFuzzer targets for the C, with the same options: fuzz/*.c.').action(
    async (options: CodegenCOptions) => {
      await (await import('./commands/codegen-c.js')).codegenFuzz(context, options);
    },
  );
  output('vectors', 'Writes test vectors of every payload and of the topics: vectors/*.json.').action(
    async (options: CodegenOptions) => {
      await (await import('./commands/codegen-docs.js')).codegenVectors(context, options);
    },
  );
  output('asyncapi', 'Writes the contract as AsyncAPI 3: asyncapi.json.')
    .option('--host <host>', 'host[:port] of the broker’s listener for devices (default: none is named)')
    .option('--license <spdx>', 'SPDX identifier of the interface’s license (default: none)')
    .action(async (options: CodegenAsyncApiOptions) => {
      await (await import('./commands/codegen-docs.js')).codegenAsyncApi(context, options);
    });
  output('json-schema', 'Writes a JSON Schema for every JSON payload and document.').action(
    async (options: CodegenOptions) => {
      await (await import('./commands/codegen-docs.js')).codegenJsonSchema(context, options);
    },
  );
  output('docs', 'Writes a table of the topics, and the description that check-compat compares.').action(
    async (options: CodegenOptions) => {
      await (await import('./commands/codegen-docs.js')).codegenDocs(context, options);
    },
  );
  output('acl', 'Writes the access rules for Mosquitto, and with --operator for EMQX.')
    .option('--operator <name>', 'user name of an operator in EMQX (repeatable)', collect)
    .action(async (options: CodegenAclOptions) => {
      await (await import('./commands/codegen-acl.js')).codegenAcl(context, options);
    });
  codegen
    .command('prove')
    .description('Proves with Frama-C that the C of a contract has no run-time error, keeps its contracts and ends.')
    .option('--protocol <file>', 'module whose default export is a protocol (default: the secure-esp contract)')
    .option('--prefix <prefix>', 'of every name in C (default: sesp; with --protocol, the contract’s name)')
    .option('--license <spdx>', 'SPDX identifier at the top of each file, as for `codegen c`')
    .option('--goal-timeout <seconds>', 'for one prover and one goal', integerOption(1, 600), 20)
    .option('--jobs <n>', 'provers at a time', integerOption(1, 64), 2)
    .option('--limit-minutes <n>', 'for all of it', integerOption(1, 600), 60)
    .option('--from <dir>', 'prove the C in this folder instead of generating it')
    .option('--function <name>', 'prove this function only (repeatable)', collect)
    .option('--ledger <file>', 'write what was proved, of which bytes, under which assumptions')
    .option('--check', 'compare with the ledger instead')
    .action(async (options: CodegenProveOptions) => {
      await (await import('./commands/codegen-prove.js')).codegenProve(context, options);
    });
  codegen
    .command('check-compat <older> <newer>')
    .description('Says which changes break old firmware or old servers; exit code 1 if any does.')
    .option('--strict', 'also fail on what breaks old firmware only once it is used')
    .action(async (older: string, newer: string, options: CodegenCheckCompatOptions) => {
      await (await import('./commands/codegen-check-compat.js')).codegenCheckCompat(context, older, newer, options);
    });
}
