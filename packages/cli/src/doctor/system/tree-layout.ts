import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A certificate of a tree that may be damaged, expired or half there: where its parts are, by wire.md's names. */
export interface Party {
  /** As `pki renew` takes it; of a CA, as `pki rollover` does. */
  readonly name: string;
  readonly role: 'ca' | 'broker' | 'ota' | 'operator' | 'device';
  readonly cert: string;
  readonly key: string;
  /** Certificates of the CA that signs it; its own for a CA. */
  readonly issuer: string;
}

export function partiesOf(dir: string): readonly Party[] {
  const at = (path: string): string => join(dir, path);
  const issuer = at('ca/certs/ca.crt');
  return [
    { name: 'ca', role: 'ca', cert: issuer, key: at('ca/keys/ca.key'), issuer },
    {
      ...{ name: 'device-ca', role: 'ca', cert: at('device-ca/certs/device-ca.crt') },
      ...{ key: at('device-ca/keys/device-ca.key'), issuer: at('device-ca/certs/device-ca.crt') },
    },
    { name: 'broker', role: 'broker', cert: at('ca/certs/server.crt'), key: at('ca/keys/server.key'), issuer },
    { name: 'ota', role: 'ota', cert: at('ca/certs/update_cert.pem'), key: at('ca/keys/update_key.pem'), issuer },
    { name: 'operator', role: 'operator', cert: at('ca/certs/client.crt'), key: at('ca/keys/client.key'), issuer },
  ];
}

/** Devices with a certificate in the tree. */
export async function devicePartiesOf(dir: string): Promise<readonly Party[]> {
  const issuer = join(dir, 'device-ca/certs/device-ca.crt');
  return (await namesIn(join(dir, 'devices'))).map((id) => ({
    ...{ name: id, role: 'device', issuer },
    cert: join(dir, 'devices', id, 'client.crt'),
    key: join(dir, 'devices', id, 'client.key'),
  }));
}

/** Every private key that a tree may have. */
export async function secretFilesOf(dir: string): Promise<readonly string[]> {
  const folders = ['ca/keys', 'device-ca/keys', 'firmware-keys'].map((folder) => join(dir, folder));
  const found = await Promise.all(
    folders.map(async (folder) => (await namesIn(folder)).map((name) => join(folder, name))),
  );
  return [
    ...found.flat(),
    ...(await devicePartiesOf(dir)).map(({ key }) => key),
    join(dir, 'main/mqtt_certs/client.key'),
    join(dir, 'secure_boot_signing_key.pem'),
    join(dir, 'release-keys/release.pem'),
  ];
}

/** Sorted; none where there is no such folder. Hidden ones are work in progress. */
const namesIn = async (folder: string): Promise<readonly string[]> =>
  (await readdir(folder).catch(() => [])).filter((name) => !name.startsWith('.')).sort();
