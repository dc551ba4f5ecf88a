export { main } from './main.js';
export { CliError } from './errors.js';
export type { CliContext } from './context.js';
export {
  PROVISIONING_FORMAT,
  PROVISIONING_KEYS,
  PROVISIONING_NAMESPACE,
  PROVISIONING_PARTITION,
} from './provision/provisioning-entries.js';
