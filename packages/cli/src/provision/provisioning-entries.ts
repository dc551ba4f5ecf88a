import type { NvsEntry } from '@secure-esp/firmware-image/nvs';

/** Label of the partition in the partition table; one of its own, apart from what the device writes. */
export const PROVISIONING_PARTITION = 'secure_esp_prov';
/** NVS namespace in which the firmware looks for what it was provisioned with. */
export const PROVISIONING_NAMESPACE = 'secure_esp';
/** Counts up when a key goes away or changes its meaning. */
export const PROVISIONING_FORMAT = 1;

/** Names in NVS of what a device is provisioned with. The firmware reads these. */
export const PROVISIONING_KEYS = Object.freeze({
  /** u8: {@link PROVISIONING_FORMAT} */
  format: 'format',
  /** string: the device id, CN of the certificate */
  deviceId: 'device_id',
  /** string: certificate of the device, PEM; one that enrols writes it itself */
  certificate: 'cert',
  /** string: its private key, PEM (PKCS#8; SEC1 where the device made it) */
  privateKey: 'key',
  /** string: CA certificates that broker and update server are verified with, PEM, one after another */
  serverCa: 'server_ca',
  /** blob: public key that verifies release manifests, P-256, SubjectPublicKeyInfo in DER; its SHA-256 is the `kid` */
  releaseKey: 'release_key_1',
  /** blob, optional: a second one, while keys are exchanged */
  secondReleaseKey: 'release_key_2',
  /** string, optional: broker, devices' listener */
  brokerUrl: 'broker_url',
  /** string, optional: firmware URL */
  otaUrl: 'ota_url',
  /** string, optional: enrolment server (EST), of a device that makes its own key */
  estUrl: 'est_url',
  /** string: CA certificates that it is verified with, PEM */
  estCa: 'est_ca',
  /** string: the token that gets the first certificate; the device erases it once it has one */
  estClaim: 'est_claim',
});

/** What every device is given. */
interface CommonData {
  readonly deviceId: string;
  readonly serverCa: string;
  /** One or two, SubjectPublicKeyInfo in DER. */
  readonly releaseKeys: readonly Uint8Array[];
  readonly brokerUrl?: string;
  readonly otaUrl?: string;
}

/** A pair that was made at the desk, PEM. */
export interface PairData {
  readonly certificate: string;
  readonly privateKey: string;
}

/** What a device gets its pair with by itself. */
export interface EnrolmentData {
  readonly estUrl: string;
  readonly estCa: string;
  readonly estClaim: string;
}

export type ProvisioningData = CommonData & (PairData | EnrolmentData);

/** What goes into the partition of one device. */
export function provisioningEntries(data: ProvisioningData): readonly NvsEntry[] {
  const namespace = PROVISIONING_NAMESPACE;
  const text = (key: string, value: string | undefined): readonly NvsEntry[] =>
    value === undefined ? [] : [{ namespace, key, type: 'string', value }];
  const blob = (key: string, value: Uint8Array | undefined): readonly NvsEntry[] =>
    value === undefined ? [] : [{ namespace, key, type: 'blob', value }];
  const keys = PROVISIONING_KEYS;
  return [
    { namespace, key: keys.format, type: 'u8', value: PROVISIONING_FORMAT },
    ...text(keys.deviceId, data.deviceId),
    ...('privateKey' in data
      ? [...text(keys.certificate, data.certificate), ...text(keys.privateKey, data.privateKey)]
      : []),
    ...text(keys.serverCa, data.serverCa),
    ...blob(keys.releaseKey, data.releaseKeys[0]),
    ...blob(keys.secondReleaseKey, data.releaseKeys[1]),
    ...text(keys.brokerUrl, data.brokerUrl),
    ...text(keys.otaUrl, data.otaUrl),
    ...('estUrl' in data
      ? [...text(keys.estUrl, data.estUrl), ...text(keys.estCa, data.estCa), ...text(keys.estClaim, data.estClaim)]
      : []),
  ];
}
