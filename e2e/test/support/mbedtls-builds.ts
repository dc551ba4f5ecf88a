import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from './environment.js';

const own = join(workspaceRoot, 'build/mbedtls-3.6.5');

export interface MbedtlsBuild {
  readonly name: string;
  /** It is there if this file is. */
  readonly file: string;
  readonly flags: readonly string[];
  readonly libraries: readonly string[];
}

/** The system's mbedTLS, and that of ESP-IDF 5.3 to 5.5. */
const BUILDS: readonly MbedtlsBuild[] = [
  {
    name: 'mbedTLS of the system',
    file: '/usr/include/mbedtls/ssl.h',
    flags: [],
    libraries: ['-lmbedtls', '-lmbedx509', '-lmbedcrypto'],
  },
  {
    name: 'mbedTLS 3.6',
    file: join(own, 'lib/libmbedtls.a'),
    flags: ['-isystem', join(own, 'include')],
    libraries: [join(own, 'lib/libmbedtls.a')],
  },
];

function isBuilt({ name, file }: MbedtlsBuild): boolean {
  if (existsSync(file)) return true;
  const [flag, variable] = file.startsWith(own) ? [' --proofs', 'SECURE_ESP_REQUIRE_MBEDTLS_3'] : ['', 'CI'];
  const sentence = `not installed: ${name}, ${file} (./tools/setup-test-deps.sh${flag} installs it)`;
  if (process.env[variable] !== undefined) throw new Error(sentence);
  console.warn(`SKIPPED, ${sentence}`);
  return false;
}

/** Those that are installed; a missing one is a warning, and an error where it has to be there. */
export const mbedtlsBuilds = (): readonly MbedtlsBuild[] => BUILDS.filter(isBuilt);
