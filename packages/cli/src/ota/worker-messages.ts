import type { ServeSettings } from './serve-settings.js';
import type { TreeChange } from './update-service.js';

/** What the first process tells the others. They are sent by structured clone: buffers and dates stay what they are. */
export type ToWorker =
  | { readonly type: 'start'; readonly settings: ServeSettings; readonly ticketKeys: Uint8Array }
  | ({ readonly type: 'apply'; readonly id: number } & Pick<TreeChange, 'certificates'> & {
        readonly ticketKeys: Uint8Array;
      })
  | { readonly type: 'metrics'; readonly id: number }
  | { readonly type: 'stop' };

export type FromWorker =
  /** It takes orders now. */
  | { readonly type: 'ready' }
  | { readonly type: 'listening' }
  /** It cannot start, and ends. */
  | { readonly type: 'failed'; readonly message: string; readonly nextStep?: string; readonly code?: string }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refused'; readonly id: number; readonly reason: string };

/** A process of the update server as the first one sees it. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /** Messages to a process that has ended are dropped. */
  send(message: ToWorker): void;
  onMessage(listener: (message: FromWorker) => void): void;
  /** How it ended, e.g. `exit code 1` or `SIGKILL`. */
  readonly exited: Promise<string>;
  /** At once. */
  kill(): void;
}
