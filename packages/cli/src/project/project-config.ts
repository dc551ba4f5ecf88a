import type { ChipName } from '@secure-esp/firmware-image';

/** What `secure-esp.config.ts` names once for all commands. Everything may be left out. */
export interface ProjectConfig {
  /** Certificates and keys. A path relative to the file. Default `.secure-esp`. */
  readonly dir?: string | undefined;
  /** Name of the firmware's project, as in its image descriptor, at most 31 bytes. */
  readonly project?: string | undefined;
  /** Chip of the devices. */
  readonly chip?: ChipName | undefined;
  /** Module whose default export is your contract. A path relative to the file. Default: the secure-esp contract. */
  readonly protocol?: string | undefined;
  /** For `broker run`, and where other commands find the broker. */
  readonly broker?: BrokerProject | undefined;
  /** For `ota serve`, and where other commands find the update server. */
  readonly ota?: OtaProject | undefined;
  /** For `est serve`. */
  readonly est?: EstProject | undefined;
}

/** The MQTT broker: where it is reached, and how `broker run` and `broker config` start it. */
export interface BrokerProject {
  /** Where operators reach it, `mqtts://host:8883`. Default: localhost, at `operatorPort`. */
  readonly url?: string | undefined;
  /** Where devices reach it, `mqtts://host:8884`. Default: the host of `url`, at `devicePort`. */
  readonly deviceUrl?: string | undefined;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Port of the operators’ listener, 0..65535. Default 8883. */
  readonly operatorPort?: number | undefined;
  /** Port of the devices’ listener, 0..65535. Default 8884. */
  readonly devicePort?: number | undefined;
  /** Port of the operators’ listener for MQTT over WebSocket. Default: none. */
  readonly websocketPort?: number | undefined;
  /** Pages that may connect there from a browser, such as `https://panel.example`. Default: none. */
  readonly websocketOrigins?: readonly string[] | undefined;
  /** Which broker. Default `embedded`. */
  readonly kind?: 'embedded' | 'mosquitto' | undefined;
}

/** The update server: where it is reached, and how `ota serve` starts it. */
export interface OtaProject {
  /** Where devices reach it, `https://host:8070`, without the file. Default: localhost, at `port`. */
  readonly url?: string | undefined;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Port to listen on, 0..65535. Default 8070. */
  readonly port?: number | undefined;
  /** Port of health and metrics. Default: none. */
  readonly adminPort?: number | undefined;
  /** Folder of the releases. A path relative to the file. Default: `firmware` in `dir`. */
  readonly firmware?: string | undefined;
  /** Processes that serve, 1..256. Default: one per core. */
  readonly workers?: number | undefined;
}

/** The enrolment server: where it is reached, and how `est serve` starts it. */
export interface EstProject {
  /** Where devices reach it, `https://host:8443`. */
  readonly url?: string | undefined;
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Port to listen on, 0..65535. Default 8443. */
  readonly port?: number | undefined;
}

/**
 * Types the default export of `secure-esp.config.ts`. It returns what it is given: values are checked when a command
 * reads the file.
 *
 * @example
 * export default defineConfig({ project: 'lamp', chip: 'esp32c6', ota: { url: 'https://updates.example:8070' } });
 */
export const defineConfig = (config: ProjectConfig): ProjectConfig => config;
