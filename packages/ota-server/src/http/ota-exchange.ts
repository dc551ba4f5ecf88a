/** The roles of the contract, as written into a certificate's OU. */
export const CLIENT_ROLES = ['device', 'operator', 'broker', 'ota'] as const;
/** One of {@link CLIENT_ROLES}. */
export type ClientRole = (typeof CLIENT_ROLES)[number];

/** Who asks, from a TLS client certificate that was verified. */
export interface OtaClient {
  /** Common name; of a device its id. */
  readonly cn: string;
  /** By OU *and* by the CA that verified the certificate: only the device CA makes devices. */
  readonly role: ClientRole;
  /** Distinguished name of the issuer, as `X509Certificate.issuer` gives it. */
  readonly issuer?: string;
  /** Serial number, upper-case hex, as `X509Certificate.serialNumber` gives it. */
  readonly serial?: string;
  /** End of the certificate's validity. A TLS session may outlive it. */
  readonly notAfter?: Date;
}

/** A request as plain data, so every host can make one. */
export interface OtaRequest {
  /** Upper case. */
  readonly method: string;
  /** Path and query as received, not decoded. */
  readonly target: string;
  /** Lower-case names; repeated fields joined with `, `. Values as byte strings, as Node and `Headers` give them. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Undefined: no certificate, or none that tells who it is. */
  readonly client?: OtaClient;
  /** Made by the host, one per request; never the client's own. Goes into events, and back as `x-request-id`. */
  readonly id?: string;
  /** The client's network address, where the host knows it. Tells clients without a certificate apart. */
  readonly address?: string;
  /** Aborted when the client is gone: ends the reply's body and closes what it holds. */
  readonly signal?: AbortSignal;
}

/**
 * A reply as plain data. Header names are lower case. For `HEAD` there is no body and `content-length` is the one of
 * `GET`. A streamed body must be read to its end or ended with `return()`; it opens nothing until it is read, but counts
 * as a running download (`OtaLimits`) from the start. The request's `signal` ends it, too.
 */
export interface OtaReply {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body?: AsyncIterable<Uint8Array> | Uint8Array;
}
