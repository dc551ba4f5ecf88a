import { Command } from 'commander';
import { createRequire } from 'node:module';
import type { CliContext } from './context.js';
import { addBroker } from './program/add-broker.js';
import { addCodegen } from './program/add-codegen.js';
import { addCompletion, COMPLETE_COMMAND } from './program/add-completion.js';
import { addDemo } from './program/add-demo.js';
import { addDevice } from './program/add-device.js';
import { addDoctor } from './program/add-doctor.js';
import { addEst } from './program/add-est.js';
import { addExamples } from './program/examples.js';
import { addImage } from './program/add-image.js';
import { addInit } from './program/add-init.js';
import { addOta } from './program/add-ota.js';
import { addPki } from './program/add-pki.js';
import { addProvision } from './program/add-provision.js';
import { addSim } from './program/add-sim.js';
import { applyProject, pathOfCommand } from './project/apply-project.js';
import { styleOf, wantsColor } from './terminal/style.js';

export interface ProgramOptions {
  /** Errors are left to the caller, who prints them as JSON. Default false. */
  readonly json?: boolean;
}

/** Where nobody looks at a terminal, help is as wide as this. */
const HELP_COLUMNS = 100;

/**
 * The whole command line. Commands are loaded when they run, so that `--help` and the first line of `demo` come at once.
 */
export function createProgram(context: CliContext, { json = false }: ProgramOptions = {}): Command {
  const style = styleOf(context.stdout, context.env);
  const columns = (stream: object): number => (stream as { readonly columns?: number }).columns ?? HELP_COLUMNS;
  const program: Command = new Command('secure-esp')
    .description(
      'The secure base of a product built on an ESP32: certificates, signed images, update server, virtual devices.',
    )
    .version(version(), '-V, --version')
    .option('--verbose', 'show stack traces')
    .option('--config <file>', 'project file (default: secure-esp.config.ts here or in the nearest folder above)')
    .option('--no-config', 'run without a project file')
    .exitOverride()
    .showHelpAfterError('Run with --help for what it takes.')
    .configureHelp({
      showGlobalOptions: true,
      // those of `doctor` are not those of `doctor firmware`
      visibleGlobalOptions: (command) => (command === program ? [] : [...program.options]),
      styleTitle: style.bold,
      styleCommandText: style.cyan,
    })
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => {
        if (!json) context.stderr.write(text);
      },
      getOutHelpWidth: () => columns(context.stdout),
      getErrHelpWidth: () => columns(context.stderr),
      getOutHasColors: () => wantsColor(context.stdout, context.env),
      getErrHasColors: () => wantsColor(context.stderr, context.env),
    })
    .hook('preAction', async (_program, command) => {
      const [name = ''] = pathOfCommand(command);
      if (!WITHOUT_PROJECT.includes(name)) context.project = await applyProject(context, command);
      // stopped before it began: it does nothing
      context.signal.throwIfAborted();
    });
  addDemo(program, context);
  addInit(program, context);
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
  addCompletion(program, context);
  addExamples(program);
  return program;
}

/** `init` writes the file, and pressing Tab runs nothing. */
const WITHOUT_PROJECT: readonly string[] = ['init', 'completion', COMPLETE_COMMAND];

function version(): string {
  return (createRequire(import.meta.url)('../package.json') as { version: string }).version;
}
