import {
  createCertificateAuthority,
  generatePrivateKey,
  type IdentityOptions,
  MemoryPkiStore,
  type Pem,
  type Role,
} from '../../src/index.js';

/** A small fleet in memory: two CAs, and somebody of most roles. */
export interface Fleet {
  readonly ca: Pem;
  readonly deviceCa: Pem;
  readonly device: IdentityOptions;
  readonly rsaDevice: IdentityOptions;
  readonly operator: IdentityOptions;
  readonly broker: IdentityOptions;
  readonly names: Readonly<Record<'device' | 'rsaDevice' | 'operator', string>>;
}

export async function makeFleet(): Promise<Fleet> {
  const store = new MemoryPkiStore();
  const servers = await createCertificateAuthority({
    subject: { CN: 'fleet CA' },
    roles: ['broker', 'operator'],
    store,
  });
  const devices = await createCertificateAuthority({ subject: { CN: 'device CA' }, roles: ['device'], store });
  const identity = async (
    role: Role,
    CN: string,
    algorithm: 'ec-p256' | 'rsa-2048' = 'ec-p256',
  ): Promise<IdentityOptions> => {
    const { ca } = role === 'device' ? devices : servers;
    const key = await generatePrivateKey(algorithm);
    const san = role === 'broker' ? { san: { dns: ['localhost'] } } : {};
    const { certificate } = await ca.issue({ role, subject: { O: 'secure-esp', CN }, key: key.keyObject, ...san });
    return { privateKey: key.pem, chain: [certificate], trusted: [servers.ca.certificate] };
  };
  return {
    ca: servers.ca.certificate,
    deviceCa: devices.ca.certificate,
    device: await identity('device', 'esp-001'),
    rsaDevice: await identity('device', 'esp-rsa', 'rsa-2048'),
    operator: await identity('operator', 'operator'),
    broker: await identity('broker', 'broker'),
    names: { device: 'esp-001', rsaDevice: 'esp-rsa', operator: 'operator' },
  };
}
