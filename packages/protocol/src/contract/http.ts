/** Request headers by which a device tells the update server what it runs. Without them it gets the plain file. */
export const DEVICE_HEADERS = Object.freeze({
  project: 'x-secure-esp-project',
  chip: 'x-secure-esp-chip',
  version: 'x-secure-esp-version',
  /** Image identity, 64 hex digits. */
  image: 'x-secure-esp-image',
});

/** A signed release manifest (compact JWS). */
export const MANIFEST_MEDIA_TYPE = 'application/jose';
/** A firmware image. */
export const IMAGE_MEDIA_TYPE = 'application/octet-stream';
/** `Accept` of a device. */
export const DEVICE_ACCEPT = `${MANIFEST_MEDIA_TYPE}, ${IMAGE_MEDIA_TYPE}`;
/** Longest release manifest as served, bytes of compact JWS. */
export const MANIFEST_MAX_BYTES = 2048;
/** Port of the update server, and of the MQTT listeners for operators and devices. */
export const DEFAULT_PORTS = Object.freeze({ ota: 8070, operators: 8883, devices: 8884 });
