import { relative } from 'node:path';
import type { BrokerProject, ProjectConfig } from './project-config.js';

/** What a project says about the options of one command: values by attribute, e.g. `operatorPort`. */
export type OptionValues = Readonly<Record<string, unknown>>;

const OPERATOR_PORT = 8883;
const DEVICE_PORT = 8884;
const OTA_PORT = 8070;
const EST_PORT = 8443;
/** The channel of the getting-started instructions. */
const CHANNEL = 'secure_esp.bin';
const LOCAL_HOSTS = ['localhost', '127.0.0.1', '::1'];

/**
 * What the project says about the options of the command of this path, e.g. `['ota', 'serve']`. Only options that the command has
 * are looked at. The same name means different things to different commands, which is why this knows them.
 */
export function projectValues(config: ProjectConfig, path: readonly string[], cwd: string): OptionValues {
  const shown = (file: string | undefined): string | undefined =>
    file === undefined ? undefined : relative(cwd, file) || '.';
  const [noun = '', verb = ''] = path;
  const shared = { dir: shown(config.dir), project: config.project, chip: config.chip };
  return { ...shared, ...COMMANDS[noun]?.(config, verb, shown) };
}

type Shown = (file: string | undefined) => string | undefined;
type CommandValues = (config: ProjectConfig, verb: string, shown: Shown) => OptionValues;

const COMMANDS: Readonly<Record<string, CommandValues>> = {
  broker: ({ broker = {}, protocol }, verb, shown) => ({
    protocol: shown(protocol),
    host: broker.host,
    operatorPort: broker.operatorPort,
    devicePort: broker.devicePort,
    websocketPort: broker.websocketPort,
    websocketOrigin: broker.websocketOrigins,
    // `config` writes for other programs than the embedded broker
    ...(verb === 'config' && broker.kind === 'embedded' ? {} : { kind: broker.kind }),
  }),
  ota: ({ ota = {} }, verb, shown) => ({
    host: ota.host,
    port: ota.port,
    adminPort: ota.adminPort,
    workers: ota.workers,
    firmware: shown(ota.firmware),
    ...(verb === 'publish' ? { url: otaUrl({ ota }) } : {}),
  }),
  est: ({ est = {} }) => ({
    host: est.host,
    port: est.port,
    url: est.url ?? (est.port === undefined ? undefined : `https://localhost:${est.port || EST_PORT}`),
  }),
  pki: ({ chip, broker, ota, est }, verb) => {
    const hosts = hostsOf([broker?.url, broker?.deviceUrl, ota?.url, est?.url]);
    return {
      ...(verb === 'init' || verb === 'adopt' ? { host: hosts } : {}),
      chip: chip === undefined ? undefined : [chip],
    };
  },
  sim: (config) => {
    const ota = otaUrl(config);
    return {
      url: deviceUrl(config.broker, 'derived'),
      ota: ota === undefined ? undefined : channelUrl(ota),
    };
  },
  // Goes into devices: only what the project says of where they reach it, nothing derived from localhost.
  provision: ({ broker, ota }) => ({
    brokerUrl: deviceUrl(broker, 'said'),
    otaUrl: ota?.url === undefined ? undefined : channelUrl(ota.url),
  }),
  device: (config, _verb, shown) => ({ url: operatorUrl(config.broker), protocol: shown(config.protocol) }),
  doctor: (config, _verb, shown) => ({
    url: operatorUrl(config.broker),
    deviceUrl: deviceUrl(config.broker, 'derived'),
    ota: otaUrl(config),
    firmware: shown(config.ota?.firmware),
    protocol: shown(config.protocol),
  }),
  codegen: ({ protocol }, _verb, shown) => ({ protocol: shown(protocol) }),
};

function operatorUrl(broker: BrokerProject = {}): string | undefined {
  if (broker.url !== undefined || broker.operatorPort === undefined) return broker.url;
  return `mqtts://localhost:${broker.operatorPort || OPERATOR_PORT}`;
}

function deviceUrl(broker: BrokerProject = {}, mode: 'said' | 'derived'): string | undefined {
  const port = broker.devicePort === undefined || broker.devicePort === 0 ? DEVICE_PORT : broker.devicePort;
  if (broker.deviceUrl !== undefined) return broker.deviceUrl;
  if (broker.url !== undefined) return `mqtts://${new URL(broker.url).hostname}:${port}`;
  return mode === 'said' || broker.devicePort === undefined ? undefined : `mqtts://localhost:${port}`;
}

function otaUrl({ ota = {} }: ProjectConfig): string | undefined {
  if (ota.url !== undefined || ota.port === undefined) return ota.url;
  return `https://localhost:${ota.port || OTA_PORT}`;
}

/** What a device asks for at this server; a URL that names a file stays. */
const channelUrl = (url: string): string => (url.endsWith('.bin') ? url : `${url.replace(/\/$/, '')}/${CHANNEL}`);

/** The hosts that server certificates must name: none are said if all are this machine, which is the default. */
export function hostsOf(urls: readonly (string | undefined)[]): readonly string[] | undefined {
  const hosts = urls.flatMap((url) => (url === undefined ? [] : [new URL(url).hostname.replace(/^\[|\]$/g, '')]));
  const others = [...new Set(hosts)].filter((host) => !LOCAL_HOSTS.includes(host));
  return others.length === 0 ? undefined : [...others, ...LOCAL_HOSTS];
}
