import { createJiti } from 'jiti';
import { stat } from 'node:fs/promises';
import { dirname, relative, resolve } from 'node:path';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, reasonOf } from '../files.js';
import { findProject } from './find-project.js';
import { defineConfig, type ProjectConfig } from './project-config.js';
import { mergeProjects, projectOfEnvironment, variableOf } from './project-environment.js';
import { projectSchema } from './project-schema.js';

/** What a command line knows of its project: the file, with the environment over it. */
export interface Project {
  /** Absolute path of the file; `undefined`: there is none. */
  readonly file: string | undefined;
  /** Paths in it are absolute. */
  readonly config: ProjectConfig;
}

export interface LoadProjectOptions {
  /** `--config`: a path; `false` for `--no-config`; without it, the nearest file. */
  readonly config?: string | false | undefined;
}

/**
 * Finds, runs and checks the project file.
 *
 * @throws CliError naming file, field and limit
 */
export async function loadProject(context: CliContext, { config }: LoadProjectOptions = {}): Promise<Project> {
  const env = context.env ?? process.env;
  const named = config ?? (env['SECURE_ESP_CONFIG'] || undefined);
  const file = await fileOf(context, named);
  const ofFile = file === undefined ? {} : await readProject(context, file);
  const ofEnvironment = checked(projectOfEnvironment(env, context.cwd), (path) => variableOf(path), ENVIRONMENT_STEP);
  return Object.freeze({ file, config: mergeProjects(ofFile, ofEnvironment) });
}

const ENVIRONMENT_STEP = 'Correct or unset the variable.';

async function fileOf(context: CliContext, named: string | false | undefined): Promise<string | undefined> {
  if (named === false) return undefined;
  if (named === undefined) return findProject(resolve(context.cwd));
  const file = pathOf(context, named);
  try {
    await stat(file);
    return file;
  } catch (error) {
    throw new CliError(
      `project file "${named}" cannot be read: ${reasonOf(error)}.`,
      'Check the path, or make one with `secure-esp init`.',
      1,
      { cause: error, code: 'project_missing' },
    );
  }
}

async function readProject(context: CliContext, file: string): Promise<ProjectConfig> {
  const shown = relative(context.cwd, file);
  let loaded: unknown;
  try {
    // Without a cache on disk: others may be able to write to the folder of temporary files.
    const jiti = createJiti(file, {
      moduleCache: false,
      fsCache: false,
      // What the file imports from here is this program, installed next to the file or not.
      virtualModules: { 'secure-esp': { defineConfig } },
    });
    loaded = await jiti.import(file, { default: true });
  } catch (error) {
    throw new CliError(
      `${shown} cannot be run: ${reasonOf(error).split('\n', 1).join()}`,
      'Correct it, or leave it out with `--no-config`.',
      1,
      { cause: error, code: 'project_invalid' },
    );
  }
  const config = checked(loaded, (path) => `${shown}: ${path.join('.') || 'its default export'}`, FILE_STEP);
  return absolutePaths(config, dirname(file));
}

const FILE_STEP = 'Correct the file; its fields are in the README of secure-esp.';

/** The value as a project, or an error that names the first field that is wrong. `nameOf` names a field. */
function checked(value: unknown, nameOf: (path: readonly PropertyKey[]) => string, nextStep: string): ProjectConfig {
  const result = projectSchema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path ?? [];
  const [unknown] = issue?.code === 'unrecognized_keys' ? issue.keys : [];
  const what =
    unknown === undefined
      ? `${nameOf(path)} ${sentence(issue?.code, issue?.message)}.`
      : `${nameOf([...path, unknown])} is no field of a project file.`;
  throw new CliError(what, nextStep, 1, { cause: result.error, code: 'project_invalid' });
}

/** Our own messages name the limit; those of the library name types. */
const sentence = (code: string | undefined, message = 'is wrong'): string =>
  code === 'invalid_type' && message.startsWith('Invalid input: ')
    ? `is ${message.replace('Invalid input: expected ', 'to be of type ').replace(', received', ', not')}`
    : message;

function absolutePaths(config: ProjectConfig, folder: string): ProjectConfig {
  const { dir = '.secure-esp', protocol, ota } = config;
  return {
    ...config,
    dir: resolve(folder, dir),
    ...(protocol === undefined ? {} : { protocol: resolve(folder, protocol) }),
    ...(ota?.firmware === undefined ? {} : { ota: { ...ota, firmware: resolve(folder, ota.firmware) } }),
  };
}
