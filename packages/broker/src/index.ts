// A broker in this process
export { startEmbeddedBroker } from './embedded/embedded-broker.js';
export type { EmbeddedBroker, EmbeddedBrokerOptions } from './embedded/embedded-broker.js';
export type { BrokerTls } from './tls.js';

// Mosquitto: configuration and process
export { startMosquitto } from './mosquitto/mosquitto.js';
export { mosquittoConfig } from './mosquitto/mosquitto-config.js';
export { toMosquittoAcl } from './mosquitto/mosquitto-acl.js';
export type { MosquittoBroker, MosquittoOptions } from './mosquitto/mosquitto.js';
export type { BrokerTlsPaths, MosquittoConfigOptions, MosquittoFiles } from './mosquitto/mosquitto-config.js';

// EMQX: configuration only
export { emqxConfig } from './emqx/emqx-config.js';
export type { EmqxConfigOptions, EmqxFiles, EmqxTlsPaths } from './emqx/emqx-config.js';

// What both have
export { DEFAULT_LIMITS } from './limits.js';
export type { BrokerLimits } from './limits.js';
export type { RunningBroker } from './running-broker.js';
export { WEBSOCKET_PATH } from './websocket/websocket-options.js';
export type { WebSocketOptions } from './websocket/websocket-options.js';
export type { ActionDenied, BrokerEvent, ClientConnected, ClientDisconnected } from './events.js';

// Ending the connection of a revoked device
export { disconnectByTakeover } from './takeover/disconnect-by-takeover.js';
export type { TakeoverOptions } from './takeover/disconnect-by-takeover.js';

// Errors
export { BROKER_ERROR_CODES, BrokerError, isBrokerError } from './errors.js';
export type { BrokerErrorCode, BrokerErrorOptions } from './errors.js';
