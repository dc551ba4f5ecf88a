export { createOtaMetrics } from './ota-metrics.js';
export { HANDSHAKE_CODES } from './labels.js';
export type { OtaMetrics, OtaMetricsOptions } from './ota-metrics.js';
