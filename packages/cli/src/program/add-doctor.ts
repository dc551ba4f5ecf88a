import { Option, type Command } from 'commander';
import type { DoctorFirmwareOptions } from '../commands/doctor-firmware.js';
import type { CliContext } from '../context.js';
import { PROFILES } from '../doctor/finding.js';
import { chips } from '../options.js';

/** `secure-esp doctor …` */
export function addDoctor(program: Command, context: CliContext): void {
  program
    .command('doctor')
    .description('Looks for what is insecure, or will brick a device.')
    .command('firmware [dir]')
    .description('Looks at an ESP-IDF project: configuration, partition table, signing key, build (default: .).')
    .addOption(
      new Option('--profile <profile>', 'what it is for (default: as the configuration looks)').choices(PROFILES),
    )
    .addOption(new Option('--chip <chip>', 'where there is no sdkconfig yet (default: esp32)').choices(chips))
    .option('--sdkconfig <file>', 'of a build in another folder (default: <dir>/sdkconfig, or what it is made of)')
    .option('--build <dir>', 'folder that `idf.py build` made (default: <dir>/build)')
    .option('--json', 'print JSON')
    .action(async (dir: string | undefined, options: DoctorFirmwareOptions) => {
      await (await import('../commands/doctor-firmware.js')).doctorFirmware(context, dir ?? '.', options);
    });
}
