export { main } from './main.js';
export { CliError } from './errors.js';
export type { CliErrorOptions } from './errors.js';
export type { Project } from './project/load-project.js';
export { defineConfig } from './project/project-config.js';
export type { BrokerProject, EstProject, OtaProject, ProjectConfig } from './project/project-config.js';
export type { CliContext } from './context.js';
export {
  PROVISIONING_FORMAT,
  PROVISIONING_KEYS,
  PROVISIONING_NAMESPACE,
  PROVISIONING_PARTITION,
} from './provision/provisioning-entries.js';
