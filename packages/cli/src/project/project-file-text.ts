import { isIP } from 'node:net';
import type { InitAnswers } from './init-questions.js';

const LOCAL_HOSTS = ['localhost', '127.0.0.1', '::1'];

/** The project file that `init` writes. */
export function projectFileText({ project, chip, hosts: [host = 'localhost'] }: InitAnswers): string {
  const name = isIP(host) === 6 ? `[${host}]` : host;
  // who is reached from elsewhere listens on more than this machine
  const listen = LOCAL_HOSTS.includes(host) ? '' : ` host: '0.0.0.0',`;
  return `import { defineConfig } from 'secure-esp';

// What all commands of secure-esp take from here unless a flag or a variable SECURE_ESP_… says otherwise.
export default defineConfig({
  project: ${JSON.stringify(project).replace(/^"([^'"\\]*)"$/, "'$1'")},
  chip: '${chip}',
  broker: {${listen} url: 'mqtts://${name}:8883', deviceUrl: 'mqtts://${name}:8884' },
  ota: {${listen} url: 'https://${name}:8070' },
});
`;
}
