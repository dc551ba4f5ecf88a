import { generateKeyPairSync } from 'node:crypto';
import { buildImage, inspectImage, schemeFor, signImage, verifyImage } from '@secure-esp/firmware-image';
import { keyTypeOfPem, signerFromPem, trustedFromPem } from '@secure-esp/firmware-image/node';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();

// Usually the .bin file of your build; this one parses and verifies, but runs nothing.
const image = await buildImage({ chip: 'esp32s3', project: 'blinky', version: '1.4.0' });

const { chip, descriptor, identity } = await inspectImage(image);
console.log(chip, descriptor?.projectName, descriptor?.version, identity);

const signed = await signImage(image, signerFromPem(pem, schemeFor('esp32s3', keyTypeOfPem(pem))));

const verdict = await verifyImage(signed, trustedFromPem(pem), { chip: 'esp32s3' });
console.log(verdict.ok ? `signed by ${verdict.keyDigest}` : `${verdict.reason}: ${verdict.detail}`);
