import { PkiError } from '../../errors.js';
import type { Pem } from '../../pem.js';
import { type EstEventListener, isolateListener } from '../handler/est-event.js';
import { createEstGraceHandler, createEstHandler } from '../handler/est-handler.js';
import type { EstGraceHandlerOptions, EstHandlerOptions } from '../handler/est-options.js';
import { EstPort, type EstPortLimits } from './est-port.js';

/** What {@link createEstServer} enrols by, and where it listens. */
export interface EstServerOptions
  extends EstHandlerOptions, Pick<EstGraceHandlerOptions, 'maxDaysExpired'>, EstPortLimits {
  /** The server's pair in PEM, by the CA that devices trust for servers; of a tree, that of the update server does. */
  readonly tls: { readonly cert: Pem; readonly key: Pem };
  /** Default: all interfaces. */
  readonly host?: string;
  /** Default 8443; 0 takes a free one. */
  readonly port?: number;
  /**
   * Port of a second listener for devices whose certificate is over, which has /simplereenroll and nothing else. Default:
   * none. 0 takes a free one.
   */
  readonly gracePort?: number;
}

/** A TLS server around an enrolment handler, made by {@link createEstServer}. Nothing listens before `listen`. */
export interface EstServer extends AsyncDisposable {
  /** Starts listening. Rejects with what the operating system says (`EADDRINUSE`); nothing listens then. */
  listen(): Promise<{ readonly port: number; readonly gracePort: number | undefined }>;
  /**
   * Takes a renewed pair, and the device CA as `authority` has it now, for all connections from now on.
   * @throws PkiError `ERR_PKI_KEY`, and nothing has changed.
   */
  reloadTls(tls: { readonly cert: Pem; readonly key: Pem }): void;
  /** Accepts nothing new, lets running requests end for `closeTimeoutMs`, then cuts them. Idempotent. */
  close(): Promise<void>;
}

/**
 * The standalone enrolment server: TLS 1.2 or newer, no listener until `listen`. Client certificates are asked for and
 * judged in code, request by request, by the inventory: so a device without one can show its claim, and a revocation
 * counts at once.
 *
 * @throws PkiError `ERR_PKI_OPTION`, `ERR_PKI_PEM`, `ERR_PKI_CERTIFICATE`, `ERR_PKI_KEY` (`tls`)
 */
export function createEstServer(options: EstServerOptions): EstServer {
  return new StandaloneEstServer(options);
}

class StandaloneEstServer implements EstServer {
  readonly #options: EstServerOptions;
  readonly #main: EstPort;
  readonly #grace: EstPort | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: EstServerOptions) {
    this.#options = options;
    const emit: EstEventListener = isolateListener(options.onEvent);
    const { cert, key } = options.tls;
    const tls = { cert, key, ca: options.authority.deviceCa };
    this.#main = new EstPort(createEstHandler(options), tls, options, emit);
    this.#grace =
      options.gracePort === undefined ? undefined : new EstPort(createEstGraceHandler(options), tls, options, emit);
  }

  async listen(): Promise<{ readonly port: number; readonly gracePort: number | undefined }> {
    if (this.#closing !== undefined) throw new PkiError('ERR_PKI_OPTION', 'the server is closed');
    const { host, port = 8443, gracePort } = this.#options;
    try {
      return {
        port: await this.#main.listen(port, host),
        gracePort: gracePort === undefined ? undefined : await this.#grace?.listen(gracePort, host),
      };
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  reloadTls({ cert, key }: { readonly cert: Pem; readonly key: Pem }): void {
    const tls = { cert, key, ca: this.#options.authority.deviceCa };
    this.#main.reloadTls(tls);
    this.#grace?.reloadTls(tls);
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all([this.#main.close(), this.#grace?.close()]).then(() => undefined);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
