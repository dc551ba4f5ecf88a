import { resolve } from 'node:path';
import type { ProjectConfig } from './project-config.js';

type Section = 'broker' | 'ota' | 'est';

interface Variable {
  /** Where its value goes: a field, or a field of a section. */
  readonly path: readonly [string] | readonly [Section, string];
  /** `list`: with commas between. */
  readonly kind: 'text' | 'number' | 'path' | 'list';
}

const text = (...path: Variable['path']): Variable => ({ path, kind: 'text' });
const number = (...path: Variable['path']): Variable => ({ path, kind: 'number' });
const list = (...path: Variable['path']): Variable => ({ path, kind: 'list' });
const folder = (...path: Variable['path']): Variable => ({ path, kind: 'path' });

/** Every variable that stands for a field of the project file. */
export const PROJECT_VARIABLES: Readonly<Record<string, Variable>> = {
  SECURE_ESP_DIR: folder('dir'),
  SECURE_ESP_PROJECT: text('project'),
  SECURE_ESP_CHIP: text('chip'),
  SECURE_ESP_PROTOCOL: folder('protocol'),
  SECURE_ESP_BROKER_URL: text('broker', 'url'),
  SECURE_ESP_BROKER_DEVICE_URL: text('broker', 'deviceUrl'),
  SECURE_ESP_BROKER_HOST: text('broker', 'host'),
  SECURE_ESP_BROKER_OPERATOR_PORT: number('broker', 'operatorPort'),
  SECURE_ESP_BROKER_DEVICE_PORT: number('broker', 'devicePort'),
  SECURE_ESP_BROKER_WEBSOCKET_PORT: number('broker', 'websocketPort'),
  SECURE_ESP_BROKER_WEBSOCKET_ORIGINS: list('broker', 'websocketOrigins'),
  SECURE_ESP_BROKER_KIND: text('broker', 'kind'),
  SECURE_ESP_OTA_URL: text('ota', 'url'),
  SECURE_ESP_OTA_HOST: text('ota', 'host'),
  SECURE_ESP_OTA_PORT: number('ota', 'port'),
  SECURE_ESP_OTA_ADMIN_PORT: number('ota', 'adminPort'),
  SECURE_ESP_OTA_FIRMWARE: folder('ota', 'firmware'),
  SECURE_ESP_OTA_WORKERS: number('ota', 'workers'),
  SECURE_ESP_EST_URL: text('est', 'url'),
  SECURE_ESP_EST_HOST: text('est', 'host'),
  SECURE_ESP_EST_PORT: number('est', 'port'),
};

/** The variable of a field, or of an item in its list, for messages. */
export const variableOf = (path: readonly PropertyKey[]): string =>
  Object.entries(PROJECT_VARIABLES).find(
    ([, { path: own }]) => own.join('.') === path.slice(0, own.length).join('.'),
  )?.[0] ?? path.join('.');

/** What the environment says, in the form of the project file; not checked yet. Empty variables are not set. */
export function projectOfEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  cwd: string,
): Record<string, unknown> {
  const config: Record<string, unknown> = {};
  for (const [name, { path, kind }] of Object.entries(PROJECT_VARIABLES)) {
    const given = env[name];
    if (given === undefined || given === '') continue;
    const value = valueOf(given, kind, cwd);
    const [first, second] = path;
    if (second === undefined) config[first] = value;
    else config[first] = { ...(config[first] as object | undefined), [second]: value };
  }
  return config;
}

function valueOf(given: string, kind: Variable['kind'], cwd: string): string | number | readonly string[] {
  if (kind === 'number') return numberOf(given);
  if (kind === 'list') return given.split(',').map((item) => item.trim());
  return kind === 'path' ? resolve(cwd, given) : given;
}

/** What is no decimal number stays text, which the schema refuses. */
const numberOf = (text: string): number | string => (/^[0-9]{1,10}$/.test(text) ? Number(text) : text);

/** The environment goes before the file, field by field. */
export function mergeProjects(file: ProjectConfig, environment: ProjectConfig): ProjectConfig {
  const merged: Record<string, unknown> = { ...file, ...environment };
  for (const section of ['broker', 'ota', 'est'] as const) {
    const fields = { ...file[section], ...environment[section] };
    if (Object.keys(fields).length > 0) merged[section] = fields;
  }
  return merged;
}
