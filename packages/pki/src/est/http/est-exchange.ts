/** The client's certificate, as the TLS layer got it: it has proved that the client holds the key, and nothing else. */
export interface EstPeer {
  /** DER */
  readonly certificate: Uint8Array;
  /** what TLS found wrong with it (`CERT_HAS_EXPIRED`, …); undefined when the chain verified */
  readonly tlsError: string | undefined;
}

/** A request as plain data, so every host can make one. */
export interface EstRequest {
  /** upper case */
  readonly method: string;
  /** path and query as received, not decoded */
  readonly target: string;
  /** lower-case names; repeated fields joined with `, ` */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** read once, and only as far as the limits allow */
  readonly body?: AsyncIterable<Uint8Array>;
  /** undefined: the client showed no certificate */
  readonly peer?: EstPeer;
  /** aborted when the client is gone */
  readonly signal?: AbortSignal;
}

/** A reply as plain data. Header names are lower case; for `HEAD` the body is left to the host to drop. */
export interface EstReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}
