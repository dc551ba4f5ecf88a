import type { UpdateReason } from '@secure-esp/protocol';

/** The reasons that a transfer itself may end with; the core decides on everything else. */
export type TransferReason = Extract<
  UpdateReason,
  'unreachable' | 'tls' | 'http_status' | 'stalled' | 'truncated' | 'too_large' | 'flash'
>;

/** Ends a transfer; never leaves the port. */
export class TransferFailure extends Error {
  override readonly name = 'TransferFailure';
  constructor(
    readonly reason: TransferReason,
    options?: { readonly cause?: unknown },
  ) {
    super(reason, options);
  }
}
