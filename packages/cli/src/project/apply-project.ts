import type { Command, Option } from 'commander';
import { resolve } from 'node:path';
import type { CliContext } from '../context.js';
import { findProject } from './find-project.js';
import type { LoadProjectOptions, Project } from './load-project.js';
import { PROJECT_VARIABLES } from './project-environment.js';
import { projectValues } from './project-values.js';

const needed = new WeakSet<Option>();

/** Marks an option that must have a value, which may come from the project. */
export function requiredOrProject(option: Option): Option {
  needed.add(option);
  return option;
}

/** Names of a command and those above it, without the program’s: `['ota', 'serve']`. */
export function pathOfCommand(command: Command): readonly string[] {
  const { parent } = command;
  return parent === null ? [] : [...pathOfCommand(parent), command.name()];
}

/**
 * Gives the options of a command that were not on the command line what environment and project file say, before it
 * runs: commands read their options as ever.
 */
export async function applyProject(context: CliContext, command: Command): Promise<Project> {
  const project = await projectOf(context, command.optsWithGlobals<LoadProjectOptions>());
  const values = projectValues(project.config, pathOfCommand(command), context.cwd);
  for (const option of command.options) {
    const name = option.attributeName();
    const value = values[name];
    if (value !== undefined && isOpen(command, name)) command.setOptionValueWithSource(name, value, 'config');
    if (needed.has(option) && command.getOptionValue(name) === undefined) {
      command.error(`error: required option '${option.flags}' not specified`, {
        code: 'commander.missingMandatoryOptionValue',
      });
    }
  }
  return project;
}

/** Most command lines have none, and need not wait for what reads one. */
async function projectOf(context: CliContext, options: LoadProjectOptions): Promise<Project> {
  const env = context.env ?? process.env;
  const isNamed = typeof options.config === 'string' || Boolean(env['SECURE_ESP_CONFIG']);
  const isSaid = Object.keys(PROJECT_VARIABLES).some((name) => Boolean(env[name]));
  if (!isNamed && !isSaid && (options.config === false || (await findProject(resolve(context.cwd))) === undefined)) {
    return { file: undefined, config: {} };
  }
  const { loadProject } = await import('./load-project.js');
  return loadProject(context, options);
}

const isOpen = (command: Command, name: string): boolean =>
  ['default', undefined].includes(command.getOptionValueSource(name));
