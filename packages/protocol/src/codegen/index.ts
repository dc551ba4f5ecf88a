// C for firmware
export { generateC } from './generate-c.js';
export { diffGenerated } from './diff-generated.js';
export type { GenerateCOptions, GeneratedFile } from './generate-c.js';
export type { GeneratedDiff } from './diff-generated.js';
