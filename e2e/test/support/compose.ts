import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface ComposeService {
  readonly image?: string;
  readonly build?: string;
  readonly command?: readonly string[];
  readonly user: string;
  readonly ports: readonly string[];
  readonly volumes: readonly string[];
  readonly healthcheck: { readonly test: readonly string[] };
}

/** A folder or file of the host that a container sees. */
export interface Mount {
  readonly source: string;
  readonly target: string;
  readonly writable: boolean;
}

/** The services of a folder's `compose.yaml`. */
export async function composeServices(dir: string): Promise<Readonly<Record<string, ComposeService>>> {
  const text = await readFile(join(dir, 'compose.yaml'), 'utf8');
  return (parse(text, { merge: true }) as { services: Record<string, ComposeService> }).services;
}

export const mountsOf = (service: ComposeService): readonly Mount[] =>
  service.volumes.map((volume) => {
    const [source = '', target = '', mode] = volume.split(':');
    return { source, target, writable: mode !== 'ro' };
  });

/** What a service may say at all: whatever is not named here would take something of the isolation away. */
const HARMLESS = new Set([
  ...['image', 'build', 'command', 'user', 'read_only', 'cap_drop', 'security_opt', 'restart', 'pids_limit', 'tmpfs'],
  ...['logging', 'hostname', 'environment', 'networks', 'ports', 'volumes', 'ulimits', 'stop_grace_period'],
  'healthcheck',
]);

/** What is wrong with a service as a sentence each; a good one has none. */
export function faultsOf(name: string, service: ComposeService): readonly string[] {
  const has = (key: string, value: unknown): boolean =>
    JSON.stringify((service as unknown as Record<string, unknown>)[key]) === JSON.stringify(value);
  const faults: readonly (readonly [boolean, string])[] = [
    ...Object.keys(service).map((key) => [!HARMLESS.has(key), `may not have "${key}"`] as const),
    [!has('read_only', true), 'can write to its file system'],
    [!has('cap_drop', ['ALL']), 'has capabilities'],
    [!has('security_opt', ['no-new-privileges:true']), 'can get new privileges'],
    [!has('restart', 'unless-stopped'), 'stays down'],
    [!/^(?:[1-9][0-9]*:[1-9][0-9]*|\$\{SERVER_USER:\?.*\})$/.test(service.user), 'runs as root'],
    [service.healthcheck.test[0] !== 'CMD', 'has no health check'],
    [(service.image === undefined) === (service.build === undefined), 'has no image, or two'],
    [service.image !== undefined && !/:[0-9]+\.[0-9]+\.[0-9]+$/.test(service.image), 'has an image without a version'],
    ...service.volumes.map((volume) => [!volume.startsWith('./server/'), `sees ${volume}`] as const),
  ];
  return faults.filter(([wrong]) => wrong).map(([, sentence]) => `${name} ${sentence}`);
}

/** Where a path of a container is on the host; other paths are the same. */
export function pathOnHost(dir: string, service: ComposeService, path: string): string {
  const mount = mountsOf(service)
    .filter(({ target }) => path === target || path.startsWith(`${target}/`))
    .sort((a, b) => b.target.length - a.target.length)[0];
  return mount === undefined ? path : join(dir, mount.source) + path.slice(mount.target.length);
}
