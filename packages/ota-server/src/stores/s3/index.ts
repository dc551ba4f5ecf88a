export { createS3FirmwareStore } from './s3-firmware-store.js';
export type { S3FirmwareStoreOptions } from './s3-firmware-store.js';
