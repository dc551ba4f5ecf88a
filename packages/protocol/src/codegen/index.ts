// C for firmware
export { generateC } from './generate-c.js';
export { diffGenerated } from './diff-generated.js';
export type { GenerateCOptions, GeneratedFile } from './generate-c.js';
export type { GeneratedDiff } from './diff-generated.js';

// Documents and broker configuration
export { generateEmqxAcl } from './generate-emqx-acl.js';
export { generateJsonSchemas } from './generate-json-schemas.js';
export { generateTopicTable } from './generate-topic-table.js';
export type { GenerateEmqxAclOptions } from './generate-emqx-acl.js';
