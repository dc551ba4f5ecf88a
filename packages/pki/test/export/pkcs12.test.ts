import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:https';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { bmpPassphrase, deriveMacKey } from '../../src/export/pkcs12-kdf.js';
import { children, content, decodeDer, DerClass, DerType, sequenceItems } from '../../src/asn1/der.js';
import {
  createCertificateAuthority,
  exportPkcs12,
  type ExportPkcs12Options,
  generatePrivateKey,
  isPkiError,
  MemoryPkiStore,
} from '../../src/index.js';
import { tempDir } from '../support/temp-dir.js';
import { rejected } from '../support/thrown.js';
import { type Fleet, makeFleet } from '../support/fleet.js';
import { greeter } from '../support/greeter.js';
import { describeWithTool, runTool } from '../support/run-tool.js';
import { describeWithOpenssl, openssl } from '../support/tools.js';

const PASSPHRASE = 'correct horse';
const WIDE = 'pä€ss phräse 🔑';
const FAST = { iterations: 100_000 };

let fleet: Fleet;
beforeAll(async () => {
  fleet = await makeFleet();
}, 60_000);

const optionsOf = (who: 'device' | 'rsaDevice' | 'operator'): ExportPkcs12Options => ({
  ...fleet[who],
  passphrase: PASSPHRASE,
  ...FAST,
});

describe('a PKCS#12 file', () => {
  test('is opened by Node, with its passphrase only', async () => {
    const pfx = await exportPkcs12({ ...optionsOf('device'), passphrase: WIDE });
    expect(() => createSecureContext({ pfx, passphrase: WIDE })).not.toThrow();
    for (const wrong of ['', 'correct horse', WIDE.toUpperCase(), WIDE.normalize('NFD')]) {
      expect(() => createSecureContext({ pfx, passphrase: wrong })).toThrow(/mac verify failure/);
    }
  });

  test.each(['device', 'rsaDevice', 'operator'] as const)('authenticates the %s in a handshake', async (who) => {
    const pfx = await exportPkcs12({ ...optionsOf(who), passphrase: WIDE });
    expect(await greetingFor({ pfx, passphrase: WIDE })).toBe(`hello ${fleet.names[who]}`);
  });

  test('is not the same twice, and its MAC covers all of its contents', async () => {
    const first = await exportPkcs12(optionsOf('device'));
    expect((await exportPkcs12(optionsOf('device'))).equals(first)).toBe(false);
    const safe = authenticatedSafe(first);
    const start = first.indexOf(safe);
    fc.assert(
      fc.property(fc.nat(safe.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(first);
        damaged[start + at] = (damaged[start + at] ?? 0) ^ change;
        expect(() => createSecureContext({ pfx: damaged, passphrase: PASSPHRASE })).toThrow(/mac verify failure/);
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  test('has 600,000 rounds in all three derivations by default, and does not block the event loop', async () => {
    let ticks = 0;
    const timer = setInterval(() => (ticks += 1), 1);
    const pfx = await exportPkcs12({ ...fleet.device, passphrase: PASSPHRASE });
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(50);
    expect(() => createSecureContext({ pfx, passphrase: PASSPHRASE })).not.toThrow();
    expect(roundsOf(pfx)).toBe(600_000);
    // the key's are inside a plain ContentInfo
    expect(pfx.toString('hex').split('0203' + (600_000).toString(16).padStart(6, '0'))).toHaveLength(4);
  }, 60_000);

  test('shows neither names nor keys to who has no passphrase', async () => {
    const pfx = await exportPkcs12({ ...optionsOf('device'), friendlyName: 'secret' });
    // the name of the key's bag is left in the open by the format
    const utf16 = Buffer.from('secret', 'utf16le').swap16();
    expect(pfx.indexOf(utf16)).toBe(pfx.lastIndexOf(utf16));
    expect(pfx.includes('secure-esp')).toBe(false);
  });
});

/** The octets under the MAC. */
function authenticatedSafe(pfx: Buffer): Buffer {
  const [, data] = sequenceItems(sequenceItems(decodeDer(pfx))[1]);
  return content(children(data, 0, DerClass.CONTEXT_SPECIFIC)[0], DerType.OCTETSTRING);
}

/** The rounds of the MAC. */
const roundsOf = (pfx: Buffer): number =>
  content(sequenceItems(sequenceItems(decodeDer(pfx))[2])[2], DerType.INTEGER).readUIntBE(0, 3);

describe('the key of the MAC', () => {
  // by `openssl kdf -kdfopt digest:SHA256 -kdfopt id:3 -kdfopt hexpass:… -kdfopt hexsalt:… -kdfopt iter:… PKCS12KDF`
  test.each([
    [1, 'a361b616f54849365975f5c3881daf87f4e92a9acce1b38e2ea2fde345fe4444'],
    [1000, '5a69687a19206e2856abc3f02f681429492869ffe1394bb6d0a19279cc590014'],
  ])('is that of OpenSSL after %i rounds', async (rounds, expected) => {
    const key = await deriveMacKey(bmpPassphrase('pä€ss🔑'), Buffer.from('0102030405060708', 'hex'), rounds);
    expect(key.toString('hex')).toBe(expected);
  });

  test('depends on the passphrase as UTF-16 with two zero octets', () => {
    expect(bmpPassphrase('aä€').toString('hex')).toBe('006100e420ac0000');
    expect(bmpPassphrase('🔑').toString('hex')).toBe('d83ddd110000');
  });
});

describe('what is refused', () => {
  test('passphrases, rounds and names out of range', async () => {
    for (const passphrase of ['', '1234567', 'x'.repeat(1001), 'lone \ud800 surrogate', 'zero \0 octet']) {
      await rejected(exportPkcs12({ ...optionsOf('device'), passphrase }), 'ERR_PKI_PASSPHRASE');
    }
    for (const iterations of [0, 99_999, 10_000_001, 1e5 + 0.5, Number.NaN]) {
      await rejected(exportPkcs12({ ...optionsOf('device'), iterations }), 'ERR_PKI_OPTION');
    }
    for (const friendlyName of ['', 'x'.repeat(65), 'line\nbreak', 'lone \ud800 surrogate']) {
      const error = await rejected(exportPkcs12({ ...optionsOf('device'), friendlyName }), 'ERR_PKI_OPTION');
      expect(error.field).toBe('friendlyName');
    }
  });

  test('a key of another certificate, a chain out of order, a trusted certificate that is no CA', async () => {
    const { device, operator, rsaDevice } = fleet;
    const { privateKey } = operator;
    const error = await rejected(exportPkcs12({ ...optionsOf('device'), privateKey }), 'ERR_PKI_KEY');
    expect(error.field).toBe('privateKey');
    const chain = [...device.chain, ...operator.chain];
    await rejected(exportPkcs12({ ...optionsOf('device'), chain }), 'ERR_PKI_CERTIFICATE');
    await rejected(exportPkcs12({ ...optionsOf('device'), chain: [] }), 'ERR_PKI_OPTION');
    await rejected(exportPkcs12({ ...optionsOf('device'), trusted: rsaDevice.chain }), 'ERR_PKI_NOT_CA');
    const many = new Array<string>(11).fill(fleet.ca);
    await rejected(exportPkcs12({ ...optionsOf('device'), trusted: many }), 'ERR_PKI_OPTION');
  });

  test('texts that are no key and no certificate', async () => {
    const sec1 = await generatePrivateKey('ec-p256', 'traditional');
    await rejected(exportPkcs12({ ...optionsOf('device'), privateKey: sec1.pem }), 'ERR_PKI_PEM');
    await rejected(exportPkcs12({ ...optionsOf('device'), chain: [fleet.device.privateKey] }), 'ERR_PKI_PEM');
    const chain = [`${fleet.device.chain[0] ?? ''}\nand so on\n${fleet.deviceCa}`];
    await rejected(exportPkcs12({ ...optionsOf('device'), chain }), 'ERR_PKI_PEM');
  });

  test('whatever the options are, the outcome is a file that opens or a PkiError', async () => {
    const { device, operator, ca, deviceCa } = fleet;
    const pems = [
      ca,
      deviceCa,
      ...device.chain,
      ...operator.chain,
      device.privateKey,
      operator.privateKey,
      '',
      '-----',
    ];
    const any = fc.constantFrom(...pems);
    const mostly = <T>(good: T, other: fc.Arbitrary<T>): fc.Arbitrary<T> =>
      fc.oneof({ arbitrary: fc.constant(good), weight: 6 }, { arbitrary: other, weight: 1 });
    const options = fc.record(
      {
        privateKey: mostly(device.privateKey, any),
        chain: mostly(
          device.chain,
          fc.oneof(fc.constant([...device.chain, deviceCa]), fc.array(any, { maxLength: 3 })),
        ),
        trusted: mostly<readonly string[]>([ca], fc.array(any, { maxLength: 3 })),
        passphrase: fc.string({ unit: 'binary', minLength: 6, maxLength: 40 }),
        friendlyName: mostly('pump', fc.string({ unit: 'binary', maxLength: 70 })),
      },
      { requiredKeys: ['privateKey', 'chain', 'passphrase'] },
    );
    let opened = 0;
    await fc.assert(
      fc.asyncProperty(options, async (given) => {
        try {
          const pfx = await exportPkcs12({ ...given, ...FAST });
          createSecureContext({ pfx, passphrase: given.passphrase });
          opened += 1;
        } catch (error) {
          if (!isPkiError(error)) throw error;
        }
      }),
      { numRuns: 30 },
    );
    expect(opened).toBeGreaterThan(3);
  }, 120_000);
});

/** What a server that knows devices by their CA, and operators by theirs, answers to a client. */
async function greetingFor(client: { pfx: Buffer; passphrase: string }): Promise<string> {
  const port = await greeter(fleet);
  const request = get({ host: '127.0.0.1', servername: 'localhost', port, ...client, agent: false });
  const [response] = (await once(request, 'response')) as [AsyncIterable<Buffer>];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describeWithOpenssl('openssl and PKCS#12', () => {
  test.each([
    ['device', PASSPHRASE],
    ['rsaDevice', PASSPHRASE],
    ['device', WIDE],
  ] as const)('reads the one of %s with the passphrase %s', async (who, passphrase) => {
    const path = join(await tempDir(), 'x.p12');
    await writeFile(path, await exportPkcs12({ ...optionsOf(who), passphrase, friendlyName: 'Käfer 1' }));
    const { ok, output } = openssl(['pkcs12', '-info', '-in', path, '-noenc', '-passin', `pass:${passphrase}`]);
    expect(output).toMatch(/MAC: sha256, Iteration 100000/);
    expect(output.match(/PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256/g)).toHaveLength(2);
    expect(output).toContain(fleet[who].privateKey);
    for (const certificate of [...fleet[who].chain, fleet.ca]) expect(output).toContain(certificate);
    const ids = [...output.matchAll(/localKeyID: ([0-9A-F ]+)/g)].map(([, id]) => id?.trim());
    expect(ids).toHaveLength(2);
    expect(ids[0]).toBe(ids[1]);
    expect(output.match(/friendlyName: K.*fer 1/g)).toHaveLength(2);
    expect(ok).toBe(true);
    expect(openssl(['pkcs12', '-in', path, '-noout', '-passin', 'pass:wrong wrong']).output).toContain(
      'invalid password',
    );
  });

  test('agrees about the MAC key, over the passphrases that we allow', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 3000 }),
        async (passphrase, rounds) => {
          const salt = Buffer.from('0102030405060708090a0b0c0d0e0f10', 'hex');
          const secret = bmpPassphrase(passphrase);
          const args = ['kdf', '-keylen', '32', '-kdfopt', 'digest:SHA256', '-kdfopt', 'id:3'];
          const given = ['-kdfopt', `hexpass:${secret.toString('hex')}`, '-kdfopt', `hexsalt:${salt.toString('hex')}`];
          const { output } = openssl([...args, ...given, '-kdfopt', `iter:${rounds}`, 'PKCS12KDF']);
          const key = await deriveMacKey(secret, salt, rounds);
          expect(output.trim().replaceAll(':', '').toLowerCase()).toBe(key.toString('hex'));
        },
      ),
      { numRuns: 30 },
    );
  }, 60_000);

  test('a chain with an intermediate comes whole, each certificate once', async () => {
    const path = join(await tempDir(), 'x.p12');
    const { device, deviceCa } = fleet;
    const chain = [...device.chain, deviceCa];
    await writeFile(path, await exportPkcs12({ ...optionsOf('device'), chain, trusted: [deviceCa, deviceCa] }));
    const { output } = openssl(['pkcs12', '-in', path, '-nokeys', '-passin', `pass:${PASSPHRASE}`]);
    expect(output.match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });
});

describeWithTool({ command: 'curl', versionArgs: ['--version'] }, 'curl and PKCS#12', () => {
  test('authenticates with --cert-type P12', async () => {
    const dir = await tempDir();
    const port = await greeter(fleet);
    await writeFile(join(dir, 'x.p12'), await exportPkcs12(optionsOf('device')));
    await writeFile(join(dir, 'ca.crt'), fleet.ca);
    const url = `https://localhost:${port}/`;
    const args = ['-sS', '--noproxy', '*', '--cacert', join(dir, 'ca.crt'), '--cert-type', 'P12'];
    const connectTo = ['--connect-to', `localhost:${port}:127.0.0.1:${port}`];
    const good = await runTool('curl', [...args, ...connectTo, '--cert', `${join(dir, 'x.p12')}:${PASSPHRASE}`, url]);
    expect(good).toEqual({ ok: true, output: 'hello esp-001' });
    const wrong = await runTool('curl', [...args, ...connectTo, '--cert', `${join(dir, 'x.p12')}:wrong wrong`, url]);
    expect(wrong.ok).toBe(false);
  });
});

const KEYTOOL = { command: 'keytool', versionArgs: ['-help'], optional: true } as const;

describeWithTool(KEYTOOL, 'Java and PKCS#12', () => {
  test('lists the pair and whom it trusts', async () => {
    const path = join(await tempDir(), 'x.p12');
    await writeFile(path, await exportPkcs12({ ...optionsOf('rsaDevice'), friendlyName: 'pump-7' }));
    const list = (passphrase: string): Promise<{ ok: boolean; output: string }> =>
      runTool('keytool', [
        '-J-Duser.language=en',
        '-list',
        '-storetype',
        'PKCS12',
        '-keystore',
        path,
        '-storepass',
        passphrase,
      ]);
    const { ok, output } = await list(PASSPHRASE);
    expect(output).toMatch(/contains 2 entries/);
    expect(output).toMatch(/pump-7, .*, PrivateKeyEntry/);
    expect(output).toMatch(/trustedCertEntry/);
    expect(ok).toBe(true);
    expect((await list('wrong wrong')).ok).toBe(false);
  }, 60_000);

  test('copies the key to another key store, so it decrypts it', async () => {
    const dir = await tempDir();
    await writeFile(join(dir, 'x.p12'), await exportPkcs12({ ...optionsOf('device'), friendlyName: 'pump-7' }));
    const { output } = await runTool('keytool', [
      ...['-J-Duser.language=en', '-importkeystore', '-noprompt', '-alias', 'pump-7', '-srcstoretype', 'PKCS12'],
      ...['-srckeystore', join(dir, 'x.p12'), '-srcstorepass', PASSPHRASE],
      ...['-destkeystore', join(dir, 'y.p12'), '-deststoretype', 'PKCS12', '-deststorepass', 'another one'],
    ]);
    expect(output).not.toMatch(/error|exception/i);
    const read = openssl(['pkcs12', '-in', join(dir, 'y.p12'), '-noenc', '-nocerts', '-passin', 'pass:another one']);
    expect(read.output).toContain(fleet.device.privateKey);
  }, 60_000);

  test('takes two trusted CAs of one name', async () => {
    const { ca: other } = await createCertificateAuthority({
      subject: { CN: 'fleet CA' },
      roles: ['operator'],
      store: new MemoryPkiStore(),
    });
    const path = join(await tempDir(), 'x.p12');
    const trusted = [fleet.ca, other.certificate];
    await writeFile(path, await exportPkcs12({ ...optionsOf('device'), trusted }));
    const { output } = await runTool('keytool', [
      '-J-Duser.language=en',
      '-list',
      '-keystore',
      path,
      '-storepass',
      PASSPHRASE,
    ]);
    expect(output.match(/trustedCertEntry/g)).toHaveLength(2);
  }, 60_000);
});
