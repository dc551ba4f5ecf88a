import { Option, type Command } from 'commander';
import type { DeviceForgetOptions } from '../commands/device-forget.js';
import type { DeviceListOptions } from '../commands/device-list.js';
import type { DeviceLogsOptions } from '../commands/device-logs.js';
import type { DeviceSendOptions } from '../commands/device-send.js';
import type { DeviceUpdateOptions } from '../commands/device-update.js';
import type { DeviceWatchOptions } from '../commands/device-watch.js';
import type { CliContext } from '../context.js';
import { dirOption, integerOption } from '../options.js';

/** `secure-esp device …` */
export function addDevice(program: Command, context: CliContext): void {
  const device = program.command('device').description('Commands and events of devices, as an operator.');
  const add = (usage: string, description: string): Command =>
    device
      .command(usage)
      .description(description)
      .addOption(dirOption())
      .addOption(new Option('--url <url>', 'broker, operators’ listener').default('mqtts://localhost:8883'))
      .option('--protocol <file>', 'contract of the devices (default: the secure-esp contract)');
  addLooking(add, context);
  addDoing(add, context);
}

type Add = (usage: string, description: string) => Command;

const concurrencyOption = (devices: number): Option =>
  new Option('--concurrency <n>', 'devices at a time').argParser(integerOption(1, 1000)).default(devices);

function addLooking(add: Add, context: CliContext): void {
  add('list', 'Shows every device that has reported to the broker: who is online, with which version.')
    .option('--online', 'only those')
    .option('--json', 'print JSON, with all that the broker retains of each')
    .action(async (options: DeviceListOptions) => {
      await (await import('../commands/device-list.js')).deviceList(context, options);
    });
  add(
    'logs [ids...]',
    'Prints log lines of some or all devices as they come; brokers keep none, so there are none of before.',
  )
    .option('-f, --follow', 'until Ctrl-C, and through lost connections')
    .addOption(
      new Option('--for <seconds>', 'so long (default without --follow: 10)').argParser(integerOption(1, 86_400)),
    )
    .option('--json', 'print one JSON object per line')
    .action(async (ids: string[], options: DeviceLogsOptions) => {
      await (await import('../commands/device-logs.js')).deviceLogs(context, ids, options);
    });
  add(
    'watch [id]',
    'Shows a table of devices that changes with them; where there is no terminal, a line per event. Until Ctrl-C.',
  )
    .option('--plain', 'a line per event on a terminal, too')
    .option('--json', 'print one JSON object per event')
    .action(async (id: string | undefined, options: DeviceWatchOptions) => {
      await (await import('../commands/device-watch.js')).deviceWatch(context, id, options);
    });
}

function addDoing(add: Add, context: CliContext): void {
  add('send', 'Sends a command to one device or several and prints the reply of each.')
    .usage('[options] <id[,id...]> <command> [value]')
    .argument('<words...>', 'ids with commas between (not with --all), command, value; JSON as member=value, too')
    .option('--all', 'to every device that is online, each by itself')
    .addOption(concurrencyOption(20))
    .option('--deadline <seconds>', 'for each reply', integerOption(1, 3600), 10)
    .option('--json', 'print JSON')
    .action(async (words: string[], options: DeviceSendOptions) => {
      await (await import('../commands/device-send.js')).deviceSend(context, words, options);
    });
  add('update [ids...]', 'Runs an update on devices and waits until each has confirmed it, or failed.')
    .option('--all', 'every device that is online')
    .addOption(concurrencyOption(5))
    .option('--stop-after-failures <n>', 'begin no more once so many failed', integerOption(1, 100_000))
    .option('--deadline <seconds>', 'per device', integerOption(1, 86_400), 1200)
    .option('--json', 'print JSON when all have ended')
    .action(async (ids: string[], options: DeviceUpdateOptions) => {
      await (await import('../commands/device-update.js')).deviceUpdate(context, ids, options);
    });
  add('forget <id>', 'Clears what the broker retains of a device that is gone.')
    .option('--json', 'print JSON')
    .action(async (id: string, options: DeviceForgetOptions) => {
      await (await import('../commands/device-forget.js')).deviceForget(context, id, options);
    });
}
