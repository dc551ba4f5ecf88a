import { secureEspV1 } from '@secure-esp/protocol';
import { generateAsyncApi, generateFuzzTargets, generateTestVectors } from '@secure-esp/protocol/codegen';

const files = [
  generateAsyncApi(secureEspV1, { host: 'mqtt.example.com:8884' }),
  ...generateTestVectors(secureEspV1, { maxVectorBytes: 1024 }),
  ...generateFuzzTargets(secureEspV1, { prefix: 'sesp' }),
];
for (const { path, content } of files) console.log(path, content.length); // asyncapi.json …, vectors/update_url.json …
