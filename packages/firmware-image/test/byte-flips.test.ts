import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  buildImage,
  chipByName,
  defaultSchemeForChip,
  keyTypeOf,
  signImage,
  SIGNATURE_SCHEMES,
  verifyImage,
  type ChipName,
  type SignatureScheme,
  type TrustedKeys,
  type VerifyOptions,
} from '@secure-esp/firmware-image';
import { trustedFromPem } from '@secure-esp/firmware-image/node';
import { regionsOf, sectorOffset, walkImage, type Region, type SignedLayout } from './support/image-regions.js';
import { testKey, type TestKey } from './support/keys.js';
import { seededIntegers, SEED } from './support/random.js';
import { REGION_VERDICTS, type RegionVerdict } from './support/region-verdicts.js';
import { repair } from './support/repair.js';
import { readKey, readVector, realVectors, signedVectors, vectorsPresent, vectorsTitle } from './support/vectors.js';

/** Every byte of the small images instead of a sample: minutes instead of seconds. */
const ALL = process.env['SECURE_ESP_ALL_FLIPS'] === '1';
const SAMPLES_PER_REGION = 4;
/** Each takes milliseconds to verify where an image has a megabyte. */
const SAMPLES_PER_REGION_OF_LARGE = 2;
const LARGE_BYTES = 100_000;
console.info(
  `byte flips: ${ALL ? 'every byte' : 'a sample'}, seed ${String(SEED)} (SECURE_ESP_ALL_FLIPS, SECURE_ESP_SEED)`,
);

interface Signed {
  readonly file: Uint8Array;
  readonly trusted: TrustedKeys;
  readonly layout: SignedLayout;
  readonly options?: VerifyOptions;
}

const LAYOUT_NAMES: Record<SignatureScheme, SignedLayout['scheme']> = {
  'v1-ecdsa-p256': 'v1',
  'v2-rsa-3072': 'rsa',
  'v2-ecdsa-p256': 'p256',
  'v2-ecdsa-p384': 'p384',
};

const verdictOf = (region: Region): RegionVerdict => {
  const found: RegionVerdict | undefined = REGION_VERDICTS.find(({ name }) => name === region.name);
  return found ?? expect.fail(`no verdict for ${region.name}`);
};

const sample = ({ start, end }: Region, count: number, pick: (limit: number) => number): number[] =>
  count === Infinity
    ? Array.from({ length: end - start }, (_, index) => start + index)
    : Array.from({ length: count }, () => start + pick(end - start));

/** Changes one byte after the other, plainly and with everything but the signature made right again. */
const checkFlips = async ({ file, trusted, layout, options = {} }: Signed, all = false): Promise<Set<string>> => {
  expect(await verifyImage(file, trusted, options)).toMatchObject({ ok: true });
  const ends = walkImage(file) ?? expect.fail('no image');
  const sector = layout.scheme === 'v1' ? ends.imageLength : sectorOffset(ends);
  const hashed = ends.imageLength > ends.end16;
  const pick = seededIntegers(SEED);
  const regions = regionsOf(file, layout);
  const count = file.length < LARGE_BYTES ? SAMPLES_PER_REGION : SAMPLES_PER_REGION_OF_LARGE;
  for (const region of regions) {
    const { here, repaired } = verdictOf(region);
    for (const at of sample(region, all ? Infinity : count, pick)) {
      const bytes = file.slice();
      bytes[at] = (file[at] ?? 0) ^ (1 + pick(255));
      const say = `byte ${String(at)} (${region.name}) set to ${String(bytes[at])}`;
      const verdict = await verifyImage(bytes, trusted, options);
      if (here === 'accepted') expect(verdict.ok, say).toBe(true);
      else {
        const reasons = hashed ? here : [...here, 'bad_hash', 'bad_signature', 'wrong_chip', 'unsigned', 'truncated'];
        expect(reasons, say).toContain(verdict.ok ? 'accepted' : verdict.reason);
      }
      repair(bytes, sector, layout, at);
      if (Buffer.compare(bytes, file) === 0) continue; // a changed checksum, hash or CRC is what gets repaired
      const again = await verifyImage(bytes, trusted, options);
      expect(again.ok ? 'accepted' : 'refused', `${say}, repaired`).toBe(repaired);
    }
  }
  return new Set(regions.map(({ name }) => name));
};

const keys: Partial<Record<string, TestKey>> = {};
const keyFor = (scheme: SignatureScheme, which = 0): TestKey =>
  (keys[`${scheme} ${String(which)}`] ??= testKey(keyTypeOf(scheme), scheme));

/** Signed by keys 0, 1, … in that order; the key of `winner` is the trusted one. */
const signedBy = async (plain: Uint8Array, scheme: SignatureScheme, blocks = 1, winner = 0): Promise<Signed> => {
  let file = plain;
  for (let index = 0; index < blocks; index += 1) {
    file = await signImage(file, keyFor(scheme, index).signer, index > 0 ? { existing: 'append' } : {});
  }
  return { file, trusted: keyFor(scheme, winner).trusted, layout: { scheme: LAYOUT_NAMES[scheme], winner } };
};

const withTail = (signed: Signed): Signed => ({
  ...signed,
  file: Uint8Array.of(...signed.file, ...new Uint8Array(12).fill(0x5a)),
});

describe('one changed byte of an image', () => {
  const reached = new Set<string>();
  const build = (chip: ChipName, appendHash = true): Promise<Uint8Array> =>
    buildImage({ chip, project: 'demo', version: '1.2.0', payload: new Uint8Array(40).fill(7), appendHash });
  const built: [string, () => Promise<Signed>][] = [
    ['v1', async () => signedBy(await build('esp32'), 'v1-ecdsa-p256')],
    ['v1 and 12 bytes behind it', async () => withTail(await signedBy(await build('esp32'), 'v1-ecdsa-p256'))],
    ['v1 without appended hash', async () => signedBy(await build('esp32', false), 'v1-ecdsa-p256')],
    ['v2 RSA for a chip that reads one block', async () => signedBy(await build('esp32'), 'v2-rsa-3072')],
    ['v2 RSA', async () => signedBy(await build('esp32s3'), 'v2-rsa-3072')],
    ['v2 RSA, three blocks, the first counts', async () => signedBy(await build('esp32s3'), 'v2-rsa-3072', 3, 0)],
    ['v2 RSA, three blocks, the second counts', async () => signedBy(await build('esp32s3'), 'v2-rsa-3072', 3, 1)],
    ['v2 RSA, three blocks, the third counts', async () => signedBy(await build('esp32s3'), 'v2-rsa-3072', 3, 2)],
    ['v2 P-256', async () => signedBy(await build('esp32c6'), 'v2-ecdsa-p256')],
    ['v2 P-256, two blocks, the second counts', async () => signedBy(await build('esp32c6'), 'v2-ecdsa-p256', 2, 1)],
    ['v2 P-256 without appended hash', async () => signedBy(await build('esp32c6', false), 'v2-ecdsa-p256')],
    ['v2 P-384', async () => signedBy(await build('esp32p4'), 'v2-ecdsa-p384')],
    ['v2 P-384, three blocks, the second counts', async () => signedBy(await build('esp32c5'), 'v2-ecdsa-p384', 3, 1)],
  ];

  beforeAll(() => {
    for (const scheme of SIGNATURE_SCHEMES) keyFor(scheme);
  });

  it.each(built)('built by us, %s: the verdict is that of its region', { timeout: 1_800_000 }, async (_, make) => {
    const signed = await make();
    for (const name of await checkFlips(signed, ALL)) reached.add(name);
  });

  it('covers every region of the table, and every byte belongs to exactly one', async () => {
    expect([...reached].sort()).toEqual(REGION_VERDICTS.map(({ name }) => name).sort());
    for (const [, make] of built) {
      const { file, layout } = await make();
      let at = 0;
      for (const { start, end } of regionsOf(file, layout)) {
        expect(start).toBe(at);
        at = end;
      }
      expect(at).toBe(file.length);
    }
  });

  it('has the verdict that the README lists', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    const section = readme.split('## What each byte decides')[1]?.split('\n## ')[0] ?? '';
    const rows = section
      .split('\n')
      .filter((line) => line.startsWith('| ') && !/^\| (-|Region )/.test(line))
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    expect(rows.map(([name, device, here, repaired]) => ({ name, device, here, repaired }))).toEqual(
      REGION_VERDICTS.map(({ name, device, here, repaired }: RegionVerdict) => {
        const reasons = here === 'accepted' ? here : here.map((reason) => `\`${reason}\``).join(', ');
        return { name, device, here: reasons, repaired };
      }),
    );
    for (const [name, , , , why] of rows) expect(why?.length, name).toBeGreaterThan(10);
  });
});

describe.skipIf(!vectorsPresent)(vectorsTitle('one changed byte of a published image'), () => {
  it.each(realVectors())('$file, signed by us: the verdict is that of its region', async ({ file, expected }) => {
    const chip = chipByName(expected.chip ?? '') ?? expect.fail('no such chip');
    await checkFlips(await signedBy(readVector(file), defaultSchemeForChip(chip.name)));
  });

  const SCHEMES: Record<string, SignedLayout['scheme']> = {
    'rsa3072-pss': 'rsa',
    'ecdsa-p256': 'p256',
    'ecdsa-p384': 'p384',
  };
  const bySomebodyElse = signedVectors().flatMap(
    ({ file, signature, expected }): [string, number, string, Signed['layout']['scheme']][] => {
      const [v1Key] = signature.v1?.verifies_with ?? [];
      if (v1Key !== undefined) return [[file, 0, v1Key, 'v1']];
      return (signature.v2?.blocks ?? []).flatMap((block) => {
        const scheme = SCHEMES[block.scheme ?? ''];
        const [key] = block.key_files ?? [];
        const sound = block.crc_ok && block.digest_match && block.sig_ok === true && expected.hash_ok !== false;
        return sound && scheme !== undefined && key !== undefined ? [[file, block.index, key, scheme]] : [];
      });
    },
  );
  it.each(bySomebodyElse)(
    '%s, slot %i counts: the verdict is that of its region',
    async (file, winner, key, scheme) => {
      await checkFlips({
        file: readVector(file),
        trusted: trustedFromPem(readKey(key.replace('keys/', ''))),
        layout: { scheme, winner },
        // The test data of esptool signs bootloaders, with schemes that their chip does not have.
        options: { schemes: SIGNATURE_SCHEMES, maxBlocks: 3, kind: 'any' },
      });
    },
  );
});
