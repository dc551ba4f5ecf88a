// PEM keys over node:crypto
export { keyDigestFromPem, keyTypeOfPem, publicKeyFromPem, signerFromPem, trustedFromPem } from './node/pem-keys.js';
