// C for firmware
export { generateC } from './generate-c.js';
export { diffGenerated } from './diff-generated.js';
export { generateFuzzTargets } from './generate-fuzz-targets.js';
export type { GenerateCOptions, GeneratedFile } from './generate-c.js';
export type { GeneratedDiff } from './diff-generated.js';

// Documents and broker configuration
export { generateAsyncApi } from './generate-asyncapi.js';
export { generateEmqxAcl } from './generate-emqx-acl.js';
export { generateJsonSchemas } from './generate-json-schemas.js';
export { generateTopicTable } from './generate-topic-table.js';
export type { GenerateAsyncApiOptions } from './generate-asyncapi.js';
export type { GenerateEmqxAclOptions } from './generate-emqx-acl.js';

// Test vectors
export { generateTestVectors } from './generate-test-vectors.js';
export type { GenerateTestVectorsOptions } from './generate-test-vectors.js';
