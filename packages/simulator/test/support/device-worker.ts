import { readFileSync } from 'node:fs';
import { createVirtualDevice, type VirtualDeviceOptions } from '../../src/index.js';

/** A process with one device that is started, connected and stopped; it ends only if nothing is left running. */
const [, , path = ''] = process.argv;
const given = JSON.parse(readFileSync(path, 'utf8')) as VirtualDeviceOptions & { readonly image: string };
const device = await createVirtualDevice({ ...given, firmware: Buffer.from(given.image, 'base64') });
await device.start();
await device.whenOnline();
await device.stop();
