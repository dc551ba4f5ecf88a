// PEM and DER keys over node:crypto
export { keyDigestFromPem, keyTypeOfPem, publicKeyFromPem, signerFromPem, trustedFromPem } from './node/pem-keys.js';
export { pemFromDer } from './node/der-keys.js';
