import { Command, Option } from 'commander';
import { createRequire } from 'node:module';
import type { BrokerConfigOptions } from './commands/broker-config.js';
import type { BrokerRunOptions } from './commands/broker-run.js';
import type { DemoCommandOptions } from './commands/demo.js';
import type { DeviceForgetOptions } from './commands/device-forget.js';
import type { DeviceSendOptions } from './commands/device-send.js';
import type { DeviceUpdateOptions } from './commands/device-update.js';
import type { DeviceWatchOptions } from './commands/device-watch.js';
import type { SimOptions } from './commands/sim.js';
import type { CliContext } from './context.js';
import { dirOption, integerOption, portOption } from './options.js';
import { addCodegen } from './program/add-codegen.js';
import { addDoctor } from './program/add-doctor.js';
import { addEst, percentOption, RENEW_AT_PERCENT } from './program/add-est.js';
import { addImage } from './program/add-image.js';
import { addOta } from './program/add-ota.js';
import { addPki } from './program/add-pki.js';
import { addProvision } from './program/add-provision.js';

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
  addEst(program, context);
  addProvision(program, context);
  addImage(program, context);
  addBroker(program, context);
  addOta(program, context);
  addSim(program, context);
  addDevice(program, context);
  addCodegen(program, context);
  addDoctor(program, context);
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

function addBroker(program: Command, context: CliContext): void {
  const broker = program.command('broker').description('The MQTT broker, with the contract’s access rules.');
  const listeners = (command: Command): Command =>
    command
      .addOption(dirOption())
      .option('--host <address>', 'address to listen on', '127.0.0.1')
      .option('--operator-port <port>', 'port of the operators’ listener', portOption, 8883)
      .option('--device-port <port>', 'port of the devices’ listener', portOption, 8884);
  listeners(broker.command('run').description('Runs a broker until Ctrl-C.'))
    .addOption(
      new Option('--kind <kind>', 'embedded (in memory), or the installed Mosquitto')
        .choices(['embedded', 'mosquitto'])
        .default('embedded'),
    )
    .action(async (options: BrokerRunOptions) => {
      await (await import('./commands/broker-run.js')).brokerRun(context, options);
    });
  listeners(broker.command('config').description('Writes the configuration and access rules for Mosquitto or EMQX.'))
    .addOption(new Option('--kind <kind>', 'for which broker').choices(['mosquitto', 'emqx']).default('mosquitto'))
    .requiredOption('--out <dir>', 'where the files go')
    .action(async (options: BrokerConfigOptions) => {
      await (await import('./commands/broker-config.js')).brokerConfig(context, options);
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
    .option('--state <dir>', 'keeps their flash, and with --est their pairs (default: <dir>/flash)')
    .option('--est <url>', 'enrolment server: devices get and renew their own certificates there')
    .option('--claims <file>', 'of `pki claim --out`, for devices that have no certificate yet')
    .option(
      '--renew-at <percent>',
      'of a certificate’s time, looked at when they start',
      percentOption,
      RENEW_AT_PERCENT,
    )
    .option('--require-manifest', 'refuse images without a signed release manifest')
    .option('--no-checks', 'look for updates only by command, not on the timer')
    .option(
      '--count <n>',
      'so many devices in one process, esp-00001 and on; makes the certificates they lack',
      integerOption(1, 99_999),
    )
    .option('--prefix <text>', 'their ids, before the number (default: esp-)')
    .option('--rate <n>', 'with --count: devices switched on in one second', integerOption(1, 10_000), 200)
    .option('--spread <seconds>', 'a broadcast `update/run` starts after 0 to this many', integerOption(0, 86_400), 0)
    .option('--once', 'with --count: end when every device has been updated')
    .option('--json', 'with --count: print the figures as JSON')
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
