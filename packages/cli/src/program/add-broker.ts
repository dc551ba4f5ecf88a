import { Option, type Command } from 'commander';
import type { BrokerConfigOptions } from '../commands/broker-config.js';
import type { BrokerRunOptions } from '../commands/broker-run.js';
import type { CliContext } from '../context.js';
import { collect, dirOption, portOption } from '../options.js';

/** `secure-esp broker …` */
export function addBroker(program: Command, context: CliContext): void {
  const broker = program.command('broker').description('The MQTT broker, with the contract’s access rules.');
  const listeners = (command: Command): Command =>
    command
      .addOption(dirOption())
      .option('--protocol <file>', 'contract whose access rules apply (default: the secure-esp contract)')
      .option('--host <address>', 'address to listen on', '127.0.0.1')
      .option('--operator-port <port>', 'port of the operators’ listener', portOption, 8883)
      .option('--device-port <port>', 'port of the devices’ listener', portOption, 8884)
      .option('--websocket-port <port>', 'port for operators over WebSocket, path /mqtt (default: none)', portOption)
      .option(
        '--websocket-origin <origin>',
        'page that may connect there from a browser, such as https://panel.example (repeatable; default: none)',
        collect,
      );
  listeners(broker.command('run').description('Runs a broker until Ctrl-C.'))
    .addOption(
      new Option('--kind <kind>', 'embedded (in memory), or the installed Mosquitto')
        .choices(['embedded', 'mosquitto'])
        .default('embedded'),
    )
    .option('--json', 'print JSON only, one object per line')
    .action(async (options: BrokerRunOptions) => {
      await (await import('../commands/broker-run.js')).brokerRun(context, options);
    });
  listeners(broker.command('config').description('Writes the configuration and access rules for Mosquitto or EMQX.'))
    .addOption(new Option('--kind <kind>', 'for which broker').choices(['mosquitto', 'emqx']).default('mosquitto'))
    .requiredOption('--out <dir>', 'where the files go')
    .option('--json', 'print JSON')
    .action(async (options: BrokerConfigOptions) => {
      await (await import('../commands/broker-config.js')).brokerConfig(context, options);
    });
}
