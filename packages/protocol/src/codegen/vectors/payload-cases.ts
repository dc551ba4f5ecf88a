import type { PayloadForm } from '../../contract-form.js';
import type { BytesModel } from '../../model.js';
import { encodeUtf8 } from '../../utf8.js';
import { jsonCases, jsonOfBytes } from './json-cases.js';
import type { PayloadCase } from './payload-case.js';
import { textCases, textOfBytes } from './text-cases.js';

/**
 * Every case of a payload, none twice and none of more than `maxVectorBytes` bytes. Each has one fault at most: what would
 * be too long for the payload is left out, but for the cases that are about just that.
 */
export function payloadCases(payload: PayloadForm, maxVectorBytes: number): readonly PayloadCase[] {
  const seen = new Set<string>();
  return casesOf(payload).filter(
    ({ bytes }) => bytes.length <= maxVectorBytes && seen.size !== seen.add(bytes.join()).size,
  );
}

function casesOf({ encoding, maxBytes, model }: PayloadForm): readonly PayloadCase[] {
  switch (encoding) {
    case 'empty':
      return emptyCases();
    case 'bytes':
      return bytesCases(model);
    case 'text':
      return [...within(textCases(model), maxBytes), tooLong(maxBytes, textOfBytes(model, maxBytes + 1))];
    case 'json':
      return [
        ...within(jsonCases(model), maxBytes),
        ...within([of(`${String(maxBytes)} bytes, its most`, jsonOfBytes(model, maxBytes), true)], maxBytes),
        tooLong(maxBytes, jsonOfBytes(model, maxBytes + 1)),
      ];
  }
}

const within = (cases: readonly PayloadCase[], maxBytes: number): readonly PayloadCase[] =>
  cases.filter(({ bytes }) => bytes.length <= maxBytes);

const tooLong = (maxBytes: number, text: string): PayloadCase =>
  of(`${String(maxBytes + 1)} bytes, one more than it may have`, text, false);

const of = (what: string, bytes: Uint8Array | string, accepted: boolean): PayloadCase => ({
  name: `payload: ${what}`,
  bytes: typeof bytes === 'string' ? encodeUtf8(bytes) : bytes,
  accepted,
});

const emptyCases = (): readonly PayloadCase[] => [
  of('no byte', '', true),
  of('a space', ' ', false),
  of('a line feed', '\n', false),
  of('NUL', '\0', false),
  of('an empty JSON object', '{}', false),
];

function bytesCases({ minBytes, maxBytes }: BytesModel): readonly PayloadCase[] {
  const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => index % 256);
  const middle = Math.min(maxBytes, Math.max(minBytes, 4));
  return [
    of(`${String(minBytes)} bytes, its least`, counting(minBytes), true),
    ...(minBytes === 0 ? [] : [of(`${String(minBytes - 1)} bytes, one too few`, counting(minBytes - 1), false)]),
    of(`${String(maxBytes)} bytes, its most`, counting(maxBytes), true),
    of(`${String(maxBytes + 1)} bytes, one more than it may have`, counting(maxBytes + 1), false),
    of('nothing but NUL', new Uint8Array(middle), true),
    of('no UTF-8', new Uint8Array(middle).fill(0xff), true),
  ];
}
