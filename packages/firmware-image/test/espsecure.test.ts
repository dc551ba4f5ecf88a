import { createPrivateKey, createPublicKey } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  buildImage,
  CHIPS,
  inspectImage,
  schemeFor,
  signImage,
  verifyImage,
  type ChipName,
  type KeyType,
  type SignatureScheme,
} from '@secure-esp/firmware-image';
import { keyDigestFromPem, pemFromDer, signerFromPem, trustedFromPem } from '@secure-esp/firmware-image/node';
import {
  callEspsecure,
  espsecure,
  espsecureSigns,
  espsecureTitle,
  espsecureVerifies,
  skipWithoutEspsecure,
  type EspsecureVersion,
} from './support/espsecure.js';

const KEY_TYPES: readonly KeyType[] = ['p256', 'p384', 'rsa3072'];
const SCHEME_OF_TOOL: Record<KeyType, string> = { p256: 'ecdsa256', p384: 'ecdsa384', rsa3072: 'rsa3072' };
const versionOf = (scheme: SignatureScheme): EspsecureVersion => (scheme.startsWith('v1') ? '1' : '2');

describe.skipIf(skipWithoutEspsecure)(espsecureTitle('espsecure'), { timeout: 120_000 }, () => {
  let folder: string;
  const file = (name: string): string => join(folder, name);
  const read = async (name: string): Promise<Uint8Array> => new Uint8Array(await readFile(file(name)));
  const text = (name: string): Promise<string> => readFile(file(name), 'utf8');
  /** The name of the n-th key of a type, made by the tool itself. */
  const keyName = (type: KeyType, which = 0): string => `${type}-${String(which)}.pem`;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'firmware-image-'));
    if (espsecure === undefined) return;
    for (const type of KEY_TYPES) {
      for (const which of [0, 1, 2]) {
        const made = file(keyName(type, which));
        await callEspsecure('generate-signing-key', '--version', '2', '--scheme', SCHEME_OF_TOOL[type], made);
        const publicKey = createPublicKey(await text(keyName(type, which)));
        await writeFile(`${made}.pub`, publicKey.export({ type: 'spki', format: 'pem' }));
      }
    }
    await callEspsecure('generate-signing-key', '--version', '1', file('v1.pem'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('is present', () => {
    expect(espsecure, 'CI needs espsecure: set SECURE_ESP_ESPSECURE').toBeDefined();
  });

  const matrix = CHIPS.flatMap(({ name, schemes }) =>
    schemes.map((scheme): [ChipName, SignatureScheme] => [name, scheme]),
  );
  const typeOf: Record<SignatureScheme, KeyType> = {
    'v1-ecdsa-p256': 'p256',
    'v2-ecdsa-p256': 'p256',
    'v2-ecdsa-p384': 'p384',
    'v2-rsa-3072': 'rsa3072',
  };

  it.each(matrix)('%s, %s: verifies what we sign, and signs what we verify', async (chip, scheme) => {
    const named = (name: string): string => `${chip}-${scheme}-${name}.bin`;
    const [version, key] = [versionOf(scheme), keyName(typeOf[scheme])];
    const pem = await text(key);
    const plain = await buildImage({ chip, project: 'demo', version: '1.0.0', payload: new Uint8Array(5000).fill(3) });
    const ours = await signImage(plain, signerFromPem(pem, scheme));
    await writeFile(file(named('plain')), plain);
    await writeFile(file(named('ours')), ours);
    for (const name of [key, `${key}.pub`]) {
      expect(await espsecureVerifies(version, file(name), file(named('ours'))), name).toBe(true);
    }
    expect(await espsecureVerifies(version, file(keyName(typeOf[scheme], 1)), file(named('ours')))).toBe(false);

    await espsecureSigns(version, file(key), [file(named('plain')), file(named('theirs'))]);
    const theirs = await read(named('theirs'));
    expect(theirs).toHaveLength(ours.length);
    const keyDigest = keyDigestFromPem(pem);
    expect(await verifyImage(theirs, trustedFromPem(pem), { chip })).toMatchObject({ ok: true, scheme, keyDigest });
    const stranger = trustedFromPem(await text(keyName(typeOf[scheme], 1)));
    expect(await verifyImage(theirs, stranger, { chip })).toMatchObject({ ok: false });

    await writeFile(
      file(named('broken')),
      Uint8Array.from(ours, (byte, index) => (index === 100 ? byte ^ 1 : byte)),
    );
    expect(await espsecureVerifies(version, file(key), file(named('broken')))).toBe(false);
  });

  it('makes v1 keys that we read, and agrees about the raw public key', async () => {
    const pem = await text('v1.pem');
    await callEspsecure('extract-public-key', '--version', '1', '--keyfile', file('v1.pem'), file('v1.raw'));
    expect(trustedFromPem(pem).v1).toEqual([await read('v1.raw')]);
    const signer = signerFromPem(pem, 'v1-ecdsa-p256');
    await writeFile(
      file('v1.bin'),
      await signImage(await buildImage({ chip: 'esp32', project: 'a', version: '1' }), signer),
    );
    expect(await espsecureVerifies('1', file('v1.raw'), file('v1.bin'))).toBe(true);
  });

  it.each(KEY_TYPES)(
    '%s: computes the eFuse digest that we compute, from the private and the public key',
    async (type) => {
      for (const name of [keyName(type), `${keyName(type)}.pub`]) {
        const output = file(`${name}.digest`);
        await callEspsecure('digest-sbv2-public-key', '--keyfile', file(name), '--output', output);
        expect((await readFile(output)).toString('hex')).toBe(keyDigestFromPem(await text(name)));
      }
    },
  );

  it.each(KEY_TYPES)('%s: signs alike, whatever the key is encoded in', async (type) => {
    const chip = type === 'p384' ? 'esp32p4' : 'esp32c6';
    const plain = await buildImage({ chip, project: 'demo', version: '1.0.0' });
    const scheme = schemeFor(chip, type);
    await writeFile(file(`${type}-plain.bin`), plain);
    const key = createPrivateKey(await text(keyName(type)));
    const old = type === 'rsa3072' ? 'pkcs1' : 'sec1';
    for (const form of ['pkcs8', old] as const) {
      const pem = key.export({ type: form, format: 'pem' }).toString();
      const der =
        form === 'pkcs8' ? key.export({ type: form, format: 'der' }) : key.export({ type: form, format: 'der' });
      expect(pemFromDer(der)).toBe(pem);
      const name = `${type}-${form}`;
      await writeFile(file(`${name}.bin`), await signImage(plain, signerFromPem(pemFromDer(der), scheme)));
      expect(await espsecureVerifies('2', file(keyName(type)), file(`${name}.bin`)), form).toBe(true);
      await writeFile(file(`${name}.pem`), pem, { mode: 0o600 });
      await espsecureSigns('2', file(`${name}.pem`), [file(`${type}-plain.bin`), file(`${name}-theirs.bin`)]);
      expect(await verifyImage(await read(`${name}-theirs.bin`), trustedFromPem(pem)), form).toMatchObject({
        ok: true,
      });
    }
  });

  it.each([
    ['rsa3072', 'esp32s3', 'us, them, us'],
    ['rsa3072', 'esp32s3', 'them, us, them'],
    ['p256', 'esp32c6', 'us, them, us'],
    ['p256', 'esp32c6', 'them, us, them'],
    ['p384', 'esp32p4', 'us, them, us'],
    ['p384', 'esp32p4', 'them, us, them'],
  ] as const)('%s on %s: three blocks, by %s, verify with each key on both sides', async (type, chip, turns) => {
    const scheme = schemeFor(chip, type);
    const named = (which: number): string => file(`blocks-${type}-${turns.replaceAll(', ', '-')}-${String(which)}.bin`);
    await writeFile(named(0), await buildImage({ chip, project: 'demo', version: '1.0.0' }));
    for (const [which, turn] of turns.split(', ').entries()) {
      const [key, append] = [keyName(type, which), which > 0];
      if (turn === 'them') await espsecureSigns('2', file(key), [named(which), named(which + 1)], { append });
      else {
        const before = new Uint8Array(await readFile(named(which)));
        const options = append ? ({ existing: 'append' } as const) : {};
        await writeFile(named(which + 1), await signImage(before, signerFromPem(await text(key), scheme), options));
      }
    }
    const signed = new Uint8Array(await readFile(named(3)));
    const sound = { crcOk: true, digestOk: true, signatureOk: true, scheme };
    expect((await inspectImage(signed)).signature).toMatchObject({ kind: 'v2', blocks: [sound, sound, sound] });
    for (const which of [0, 1, 2]) {
      expect(await espsecureVerifies('2', file(keyName(type, which)), named(3))).toBe(true);
      const keyDigest = keyDigestFromPem(await text(keyName(type, which)));
      expect(await verifyImage(signed, trustedFromPem(await text(keyName(type, which))))).toMatchObject({
        ok: true,
        keyDigest,
      });
    }
  });

  // `elf2image --secure-pad` makes hash, signature and 12 more bytes end with an MMU page.
  it('signs a v1 image padded for secure boot; only we, as the device, accept the 12 bytes behind the signature', async () => {
    const page = 65_536;
    const room = await buildImage({ chip: 'esp32', project: 'demo', version: '1.0.0', payload: new Uint8Array(16) });
    const payload = new Uint8Array(16 + page - 80 - room.length).fill(9);
    const plain = await buildImage({ chip: 'esp32', project: 'demo', version: '1.0.0', payload });
    expect((plain.length + 68 + 12) % page).toBe(0);
    await writeFile(file('pad.bin'), plain);
    await espsecureSigns('1', file('v1.pem'), [file('pad.bin'), file('pad-theirs.bin')]);
    const theirs = await read('pad-theirs.bin');
    const trusted = trustedFromPem(await text('v1.pem'));
    expect(await verifyImage(theirs, trusted)).toMatchObject({ ok: true });
    const padded = Uint8Array.of(...theirs, ...new Uint8Array(12).fill(0xff));
    expect(padded.length % page).toBe(0);
    await writeFile(file('padded.bin'), padded);
    expect(await verifyImage(padded, trusted)).toMatchObject({ ok: true });
    expect(await espsecureVerifies('1', file('v1.pem'), file('padded.bin'))).toBe(false);
  });
});
