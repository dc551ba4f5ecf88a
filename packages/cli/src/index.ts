export { main } from './main.js';
export { CliError } from './errors.js';
export type { CliContext } from './context.js';
