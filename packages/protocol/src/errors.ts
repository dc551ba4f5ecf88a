/**
 * Every reason for which this package throws. Bad *payloads* never throw: a codec's `decode` returns a verdict.
 *
 * - `invalid_definition`: a contract is not well formed (the message names the topic or field and the limit)
 * - `invalid_topic`: a topic was asked for with a scope or parameter that the contract does not allow
 * - `invalid_value`: a value to encode does not satisfy its schema or exceeds the payload's size bound
 */
export const PROTOCOL_ERROR_CODES = ['invalid_definition', 'invalid_topic', 'invalid_value'] as const;

/** One of {@link PROTOCOL_ERROR_CODES}. */
export type ProtocolErrorCode = (typeof PROTOCOL_ERROR_CODES)[number];

/** Misuse of a contract. `path` names the topic or field, e.g. `update/state.run`. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  constructor(
    readonly code: ProtocolErrorCode,
    message: string,
    readonly path: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Structural check: two copies of this package in one process defeat `instanceof`. */
export const isProtocolError = (error: unknown): error is ProtocolError =>
  error instanceof Error &&
  error.name === 'ProtocolError' &&
  PROTOCOL_ERROR_CODES.includes((error as { code?: unknown }).code as ProtocolErrorCode);
