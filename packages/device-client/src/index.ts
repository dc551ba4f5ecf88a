// Connect
export { connect } from './connect.js';
export type { Client, CloseOptions, ReloadOptions } from './client.js';
export type { ConnectOptions } from './options.js';
export type { TlsOptions, TlsSource } from './mqtt/link.js';
export type { OfflineQueueOptions } from './mqtt/offline-queue.js';
export type { BackoffOptions } from './mqtt/backoff.js';
export type { ConnectionChange } from './mqtt/connection-options.js';

// Command devices
export type { Device, DeviceMethods, DeviceShortcuts } from './device.js';
export type { BroadcastCommands, CommandArguments, DeviceCommands } from './commands/command-tree.js';
export type { CommandOptions } from './commands/command-sender.js';
export type { WaitOptions } from './wait.js';
export type { Accepted, CamelCase } from './naming.js';

// Update devices
export { UPDATE_DEADLINE_MS } from './update/run-update.js';
export type { UpdateResult, UpdateRunOptions } from './update/run-update.js';
export type { UpdateProgress } from './update/update-progress.js';

// Many devices
export { DEFAULT_CONCURRENCY } from './fleet/fleet-options.js';
export type { Fleet, FleetMethods, FleetShortcuts } from './fleet/fleet.js';
export type { FleetCommands } from './fleet/fleet-commands.js';
export type { FleetRun } from './fleet/fleet-run.js';
export type { FleetResult } from './fleet/result-journal.js';
export type {
  FleetCallOptions,
  FleetCommandOptions,
  FleetOptions,
  FleetTarget,
  FleetUpdateOptions,
  FleetUpdateProgress,
} from './fleet/fleet-options.js';
export type { PresenceOptions, PresenceStream } from './fleet/presence-stream.js';
export type { PresenceChange, PresenceEntry } from './fleet/presence-table.js';

// Watch devices
export { DEFAULT_QUEUE_SIZE } from './streams/event-stream.js';
export type { EventStream, StreamOptions } from './streams/event-stream.js';
export type {
  ClearedEvent,
  ContractEvent,
  DeviceEvent,
  DroppedEvent,
  FleetWatchOptions,
  InvalidEvent,
  LeafStreamOptions,
  WatchOptions,
} from './events.js';

// Injected by tests and unusual platforms
export type { Clock, Logger, RandomBytes, Timers } from './environment.js';

// Errors
export {
  COMMAND_ERROR_CODES,
  CommandError,
  DEVICE_CLIENT_ERROR_CODES,
  DeviceClientError,
  isCommandError,
  isDeviceClientError,
  isUpdateError,
  UPDATE_ERROR_CODES,
  UpdateError,
} from './errors.js';
export type { CommandErrorCode, DeviceClientErrorCode, UpdateErrorCode } from './errors.js';
