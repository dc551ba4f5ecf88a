// One device, or many
export { createFleet, createVirtualDevice, startVirtualDevices } from './fleet.js';
export type { Fleet, FleetOptions } from './fleet.js';
export type { DeviceSettings, DeviceTimeouts, VirtualDeviceOptions } from './device/device-options.js';
export type { WaitOptions } from './device/online-waiters.js';
export type { PowerState, VirtualDevice, VirtualDeviceState } from './device/virtual-device.js';

// What it tells
export type { DeviceEvent, DeviceHappening, DeviceLogLine } from './device/device-events.js';
export type { Health, LogLevel } from './core/core-port.js';
export type { ConnectFailure } from './ports/mqtt-failure.js';
export type { TransferReason } from './ports/transfer-failure.js';

// The flash
export { createMemoryFlash } from './flash/device-flash.js';
export { withPowerCut } from './flash/power-cut.js';
export { SECTOR_BYTES } from './flash/nor-flash.js';
export type { Flash } from './flash/nor-flash.js';
export type { PowerCutFlash, PowerCutOptions, TearOptions } from './flash/power-cut.js';
export type { Slot } from './flash/layout.js';
export type { BootState } from './flash/ota-data.js';

// The world around it
export { systemClock } from './ports/clock.js';
export type { Clock } from './ports/clock.js';
export type { BackoffOptions } from './ports/backoff.js';
export type { ClientCredentials } from './ports/credentials.js';

// Errors
export { isSimulatorError, SIMULATOR_ERROR_CODES, SimulatorError } from './errors.js';
export type { SimulatorErrorCode } from './errors.js';
