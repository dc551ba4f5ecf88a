import type { NvsEntry } from '@secure-esp/firmware-image/nvs';

const namespace = 'secure_esp';
const blob = (key: string, length: number): NvsEntry => ({
  namespace,
  key,
  type: 'blob',
  value: Uint8Array.from({ length }, (_, index) => (index * 7 + length) & 0xff),
});
const text = (key: string, bytes: number): NvsEntry => ({ namespace, key, type: 'string', value: 'x'.repeat(bytes) });
const numbers = (count: number, of = namespace): readonly NvsEntry[] =>
  Array.from({ length: count }, (_, index) => ({ namespace: of, key: `k${String(index)}`, type: 'u32', value: index }));

const base64Lines = (lines: number): string =>
  'MIIBszCCAVmgAwIBAgIUbGlnaHQgYXMgYSBmZWF0aGVyIGFuZCBzaGFycDAwMDAw\n'.repeat(lines);
const pem = (kind: string, lines: number): string =>
  `-----BEGIN ${kind}-----\n${base64Lines(lines)}-----END ${kind}-----\n`;

export interface NvsCase {
  readonly name: string;
  readonly sizeBytes: number;
  readonly entries: readonly NvsEntry[];
}

/** 126 entries a page; one is the namespace's, a blob's chunk and a string have one before their data. */
export const NVS_CASES: readonly NvsCase[] = [
  { name: 'empty', sizeBytes: 0x3000, entries: [] },
  {
    name: 'every type of integer at its limits',
    sizeBytes: 0x3000,
    entries: [
      { namespace, key: 'u8', type: 'u8', value: 255 },
      { namespace, key: 'u8_0', type: 'u8', value: 0 },
      { namespace, key: 'i8', type: 'i8', value: -128 },
      { namespace, key: 'i8_max', type: 'i8', value: 127 },
      { namespace, key: 'u16', type: 'u16', value: 65_535 },
      { namespace, key: 'i16', type: 'i16', value: -32_768 },
      { namespace, key: 'u32', type: 'u32', value: 0xffff_ffff },
      { namespace, key: 'i32', type: 'i32', value: -0x8000_0000 },
      { namespace, key: 'u64', type: 'u64', value: 0xffff_ffff_ffff_ffffn },
      { namespace, key: 'i64', type: 'i64', value: -0x8000_0000_0000_0000n },
      { namespace, key: 'fifteen_letters', type: 'i64', value: -1n },
    ],
  },
  {
    name: 'strings of no, one, 31, 32 and 33 bytes, and in UTF-8',
    sizeBytes: 0x3000,
    entries: [
      ...[0, 1, 30, 31, 32, 33].map((bytes) => text(`s${String(bytes)}`, bytes)),
      { namespace, key: 'utf8', type: 'string', value: 'Gerät №5, "Küche"\nπ 🔐' },
    ],
  },
  {
    name: 'strings of the greatest length, each on a page of its own',
    sizeBytes: 0x5000,
    entries: [text('one', 3967), text('two', 3967), text('three', 100)],
  },
  { name: 'a blob of one byte, and of none', sizeBytes: 0x3000, entries: [blob('one', 1), blob('none', 0)] },
  { name: 'a blob larger than a page', sizeBytes: 0x6000, entries: [blob('big', 10_001)] },
  {
    name: 'a blob that fills its page but for the index',
    sizeBytes: 0x4000,
    entries: [blob('fits', 123 * 32), ...numbers(2)],
  },
  {
    name: 'blobs that fill their pages exactly, with the index on the next',
    sizeBytes: 0x5000,
    entries: [blob('exact', 124 * 32), blob('again', 124 * 32), ...numbers(1)],
  },
  {
    name: 'a blob that begins with an empty chunk at the end of a page',
    sizeBytes: 0x4000,
    entries: [...numbers(124), blob('late', 65)],
  },
  {
    name: 'several namespaces with the same keys',
    sizeBytes: 0x3000,
    entries: ['first', 'second', 'third_namespace'].flatMap((of) => numbers(3, of)),
  },
  { name: 'a page filled to its last entry', sizeBytes: 0x3000, entries: numbers(125) },
  { name: 'a page overflown by one entry', sizeBytes: 0x3000, entries: numbers(126) },
  { name: 'a namespace at the end of a page', sizeBytes: 0x3000, entries: [...numbers(125), ...numbers(1, 'next')] },
  {
    name: 'a string that would have taken the last entry of a page',
    sizeBytes: 0x4000,
    entries: [...numbers(123), text('last', 20)],
  },
  {
    name: 'all of the partition but the page that stays empty',
    sizeBytes: 0x4000,
    entries: numbers(3 * 126 - 1),
  },
  {
    name: 'what a device is provisioned with',
    sizeBytes: 0x4000,
    entries: [
      { namespace, key: 'format', type: 'u8', value: 1 },
      { namespace, key: 'device_id', type: 'string', value: 'esp-007' },
      { namespace, key: 'cert', type: 'string', value: pem('CERTIFICATE', 12) },
      { namespace, key: 'key', type: 'string', value: pem('PRIVATE KEY', 3) },
      { namespace, key: 'ca', type: 'string', value: pem('CERTIFICATE', 11).repeat(2) },
      blob('release_1', 91),
      blob('release_2', 91),
      { namespace, key: 'broker_url', type: 'string', value: 'mqtts://broker.example:8884' },
      { namespace, key: 'ota_url', type: 'string', value: 'https://ota.example:8070/secure_esp.bin' },
    ],
  },
];
