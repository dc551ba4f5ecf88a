// PEM and DER keys over node:crypto
export { keyDigestFromPem, keyTypeOfPem, publicKeyFromPem, signerFromPem, trustedFromPem } from './node/pem-keys.js';
export { pemFromDer } from './node/der-keys.js';

// NVS encryption over node:crypto
export {
  buildNvsKeyPartition,
  decryptNvsImage,
  encryptNvsImage,
  generateNvsKeys,
  readNvsKeyPartition,
} from './node/nvs-encryption.js';
export type { NvsKeys } from './node/nvs-encryption.js';
