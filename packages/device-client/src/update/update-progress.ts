import type { UpdateState, UpdateStateEvent } from '@secure-esp/protocol';

/** One step of an update run. */
export interface UpdateProgress {
  /** The run, as the device counts them. */
  readonly run: number;
  readonly state: UpdateState;
  /** Version that ran when the update began. */
  readonly from: string;
  /** Version on offer; `null` until the device knows it. */
  readonly to: string | null;
  /** Bytes received of `total`. */
  readonly bytes: number;
  /** Size of the image in bytes; 0 until known. */
  readonly total: number;
  /** Part of the download that is done, 0..1; 1 once the image is complete. */
  readonly fraction: number;
}

const DOWNLOADED: ReadonlySet<UpdateState> = new Set(['verifying', 'rebooting', 'pending_confirm', 'confirmed']);

export function toUpdateProgress(event: UpdateStateEvent): UpdateProgress {
  const { run, state, from, to, bytes, total } = event;
  const fraction = DOWNLOADED.has(state) ? 1 : total === 0 ? 0 : Math.min(1, bytes / total);
  return { run, state, from, to, bytes, total, fraction };
}
