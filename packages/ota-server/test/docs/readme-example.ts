import { readFile } from 'node:fs/promises';
import { trustedFromPem } from '@secure-esp/firmware-image/node';
import {
  createFileFirmwareStore,
  createManifestSigner,
  createOtaServer,
  type OtaServer,
  publishRelease,
} from '@secure-esp/ota-server';

export interface ServeOptions {
  /** A signed image, and where releases are kept. */
  image: string;
  dir: string;
  /** PEM texts: the server's pair, the two CAs, the firmware key (its public half will do), the release key. */
  cert: string;
  key: string;
  deviceCa: string;
  operatorCa: string;
  firmwareKey: string;
  releaseKey: string;
}

/** Releases one image and serves it: devices get it from `https://localhost:<port>/secure_esp.bin`. */
export async function serve(options: ServeOptions): Promise<OtaServer> {
  const { cert, key, deviceCa, operatorCa } = options;
  const store = createFileFirmwareStore({ dir: options.dir });
  const server = createOtaServer({
    store,
    tls: { cert, key, deviceCa, operatorCa },
    port: 0, // any free one; the default is 8070
    onEvent: (event) => {
      if (event.type === 'failed') console.error(event.error);
    },
  });
  const { port } = await server.listen();
  await publishRelease({
    store,
    image: await readFile(options.image),
    trusted: trustedFromPem(options.firmwareKey),
    signer: await createManifestSigner(options.releaseKey),
    url: `https://localhost:${port}/`,
    name: 'secure_esp',
  });
  return server;
}
