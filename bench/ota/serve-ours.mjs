// `createOtaServer` with a file store of one release per file:  node serve-ours.mjs FOLDER
// Prints its port. Limits per client are lifted, for all clients of the bench are one; all else is as it comes.
import { readdirSync, readFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import { createFileFirmwareStore, createOtaServer } from '@secure-esp/ota-server';

const [folder] = process.argv.slice(2);
const read = (name) => readFileSync(join(folder, name), 'utf8');
const dir = join(folder, 'store');
const publisher = createFileFirmwareStore({ dir });
let seq = (await publisher.listReleases()).length;
if (seq === 0) {
  for (const name of readdirSync(join(folder, 'www'))) {
    const { sha256, size } = await publisher.putImage({ bytes: readFileSync(join(folder, 'www', name)) });
    seq += 1;
    const about = { project: 'bench', chip: 'esp32', version: '1.0.0', secureVersion: 0, image: sha256, releasedAt: 1 };
    await publisher.appendRelease({ release: { seq, channel: parse(name).name, sha256, size, ...about } });
  }
}
const server = createOtaServer({
  store: createFileFirmwareStore({ dir }),
  tls: { cert: read('server.crt'), key: read('server.key'), deviceCa: read('ca.crt') },
  host: '127.0.0.1',
  port: 0,
  maxConnections: 4096,
  limits: {
    downloads: 4096,
    downloadsPerClient: 4096,
    requestsPerClient: { requests: 1_000_000, perSeconds: 1 },
  },
});
console.log((await server.listen()).port);
