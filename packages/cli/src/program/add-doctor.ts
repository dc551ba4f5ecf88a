import { Option, type Command } from 'commander';
import type { DoctorOptions } from '../commands/doctor.js';
import type { DoctorFirmwareOptions } from '../commands/doctor-firmware.js';
import type { CliContext } from '../context.js';
import { PROFILES } from '../doctor/finding.js';
import { chips, dirOption, integerOption } from '../options.js';

/** `secure-esp doctor …` */
export function addDoctor(program: Command, context: CliContext): void {
  const doctor = program
    .command('doctor')
    .description('Looks at certificates, clocks, broker, update server and releases, and says what to do about each.')
    .addOption(dirOption())
    .option('--url <url>', 'broker, operators’ listener', 'mqtts://localhost:8883')
    .option('--device-url <url>', 'broker, devices’ listener', 'mqtts://localhost:8884')
    .option('--ota <url>', 'update server', 'https://localhost:8070')
    .option('--firmware <dir>', 'published releases (default: <dir>/firmware)')
    .option('--protocol <file>', 'contract of the devices (default: the secure-esp contract)')
    .option('--offline', 'look at files only, ask no server')
    .option('--deadline <seconds>', 'for each answer of a server', integerOption(1, 60), 5)
    .option('--json', 'print JSON')
    .action(async (options: DoctorOptions) => {
      await (await import('../commands/doctor.js')).doctor(context, options);
    });
  addFirmware(doctor, context);
}

function addFirmware(doctor: Command, context: CliContext): void {
  doctor
    .command('firmware [dir]')
    .description('Looks at an ESP-IDF project: configuration, partition table, signing key, build (default: .).')
    .addOption(
      new Option('--profile <profile>', 'what it is for (default: as the configuration looks)').choices(PROFILES),
    )
    .addOption(new Option('--chip <chip>', 'where there is no sdkconfig yet (default: esp32)').choices(chips))
    .option('--sdkconfig <file>', 'of a build in another folder (default: <dir>/sdkconfig, or what it is made of)')
    .option('--build <dir>', 'folder that `idf.py build` made (default: <dir>/build)')
    .option('--json', 'print JSON')
    .action(async (dir: string | undefined, _options: DoctorFirmwareOptions, command: Command) => {
      // `doctor` has --json, too, and takes it wherever it stands
      const options = command.optsWithGlobals<DoctorFirmwareOptions>();
      await (await import('../commands/doctor-firmware.js')).doctorFirmware(context, dir ?? '.', options);
    });
}
