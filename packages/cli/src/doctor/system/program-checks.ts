import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fail, ok, skip, warn, type Check, type DoctorWorld } from './check.js';

/** As `engines` of the package says: ^20.19.0 || ^22.13.0 || >=24. */
const SUPPORTED = [
  { major: 20, minor: 19 },
  { major: 22, minor: 13 },
];
const ALL_FROM_MAJOR = 24;

const node: Check = {
  id: 'node',
  network: false,
  run: ({ nodeVersion }) => {
    const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
    const supported = major >= ALL_FROM_MAJOR || SUPPORTED.some((line) => line.major === major && minor >= line.minor);
    return Promise.resolve([
      supported
        ? ok('node', `Node.js ${nodeVersion} is supported`)
        : fail(
            'node',
            `Node.js ${nodeVersion} is not supported.`,
            'Install Node.js 24, or a current 20 or 22 (20.19, 22.13).',
          ),
    ]);
  },
};

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** The nearest package.json, from this folder on upwards. */
async function manifestAbove(start: string): Promise<{ readonly path: string; readonly manifest: Manifest }> {
  for (let folder = start; ; folder = dirname(folder)) {
    const path = join(folder, 'package.json');
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return { path, manifest: JSON.parse(text) as Manifest };
    if (folder === dirname(folder)) return { path, manifest: {} };
  }
}

const packages: Check = {
  id: 'packages',
  network: false,
  run: async ({ programDir }) => {
    const { path, manifest } = await manifestAbove(programDir);
    const wanted = Object.entries(manifest.dependencies ?? {}).filter(([name]) => name.startsWith('@secure-esp/'));
    if (wanted.length === 0) return [skip('packages', 'this program is in one piece, without packages')];
    const require = createRequire(path);
    const wrong: string[] = [];
    for (const [name, version] of wanted) {
      const found = versionOf(require, name);
      if (found !== version) wrong.push(`${name} is ${found ?? 'missing'} instead of ${version}`);
    }
    return [
      wrong.length === 0
        ? ok('packages', `secure-esp ${manifest.version ?? ''} and its ${wanted.length} packages agree`)
        : fail('packages', `${wrong.join('; ')}.`, 'Install again: `npm install secure-esp@latest`.'),
    ];
  },
};

function versionOf(require: NodeJS.Require, name: string): string | undefined {
  try {
    return (require(`${name}/package.json`) as Manifest).version;
  } catch {
    return undefined;
  }
}

const project: Check = {
  id: 'project',
  network: false,
  run: ({ context }) => {
    const file = context.project?.file;
    return Promise.resolve([
      // one that is wrong has ended the command before
      file === undefined
        ? ok('project', 'there is no project file: options and defaults count')
        : ok('project', `${relative(context.cwd, file) || file} is valid`),
    ]);
  },
};

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'mqtts:': 8883, 'https:': 443 };

/** The port that a URL means. */
export const portOf = ({ port, protocol }: URL): number =>
  port === '' ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port);

/** The host that a URL means, an IPv6 address without its brackets. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

const ports: Check = {
  id: 'ports',
  network: false,
  run: (world) => Promise.resolve([portsOf(world)]),
};

function portsOf({ operatorUrl, deviceUrl, otaUrl }: DoctorWorld): ReturnType<typeof ok> {
  const used = [
    { what: 'operators’ listener', url: operatorUrl },
    { what: 'devices’ listener', url: deviceUrl },
    { what: 'update server', url: otaUrl },
  ].map(({ what, url }) => ({ what, host: hostOf(url), port: portOf(url) }));
  const listed = used.map(({ what, port }) => `${what} ${port}`).join(', ');
  const twice = used.find((one, index) =>
    used.slice(0, index).some(({ host, port }) => host === one.host && port === one.port),
  );
  if (twice !== undefined)
    return fail(
      'ports',
      `two servers are on port ${twice.port} of ${twice.host}: ${listed}.`,
      'Give each a port of its own, in the project file or with --url, --device-url and --ota.',
    );
  if (used.some(({ port }) => port < 1024 && port !== 443))
    return warn('ports', `${listed}: ports below 1024 need rights.`, 'Choose higher ones unless you meant that.');
  return ok('ports', listed);
}

/** What is looked at without certificates and without the network. */
export const programChecks: readonly Check[] = [node, packages, project, ports];
