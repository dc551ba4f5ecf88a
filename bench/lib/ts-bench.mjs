// The TypeScript table: our codecs against JSON.parse + zod and against protobuf-es, on the same messages.
import assert from 'node:assert/strict';
import { Bench } from 'tinybench';
import { MESSAGES } from './messages.mjs';
import { decodeMessage, encodeMessage, toMessage } from './protobuf.mjs';

/** Operations per sample, so that reading the clock does not count. */
const BATCH = 100;
const ROUNDS = 9;
const SAMPLE_MS = 120;
const WARMUP_MS = 400;

/** Each peer's decode and encode of one message, as functions without arguments; `types` are those of messages.proto. */
function contestants(protocol, types, { leaf, document, type, value }) {
  const codec = leaf === undefined ? protocol.documentCodecs[document] : protocol.codecs[leaf];
  const { schema } = leaf === undefined ? protocol.documents[document] : protocol.topics[leaf].payload;
  // What an MQTT client hands over is a Buffer.
  const json = Buffer.from(JSON.stringify(value));
  const message = toMessage(types, type, value);
  const protobuf = encodeMessage(types, type, message);
  return {
    decode: {
      ours: () => codec.decode(json),
      zod: () => schema.safeParse(JSON.parse(json.toString())),
      'protobuf-es': () => decodeMessage(types, type, protobuf),
    },
    encode: {
      ours: () => codec.encode(value),
      zod: () => Buffer.from(JSON.stringify(schema.parse(value))),
      'protobuf-es': () => encodeMessage(types, type, message),
    },
    expected: { message, json, protobuf },
  };
}

/** Every peer reads the message's value and writes its bytes, or this throws. */
export function checkTs(protocol, types) {
  for (const each of MESSAGES) {
    const { decode, encode, expected } = contestants(protocol, types, each);
    assert.deepEqual(decode.ours(), { ok: true, value: each.value }, `ours: ${each.name} was read as another value`);
    assert.deepEqual(decode.zod().data, each.value, `zod: ${each.name} was read as another value`);
    assert.deepEqual(decode['protobuf-es'](), expected.message, `protobuf-es: ${each.name} was read as another value`);
    assert.deepEqual(Buffer.from(encode.ours()), expected.json, `ours: ${each.name} was written as other bytes`);
    assert.deepEqual(encode.zod(), expected.json, `zod: ${each.name} was written as other bytes`);
    assert.deepEqual(
      encode['protobuf-es'](),
      expected.protobuf,
      `protobuf-es: ${each.name} was written as other bytes`,
    );
  }
}

const median = (numbers) => {
  const sorted = [...numbers].sort((one, other) => one - other);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Microseconds per operation in one round: the median of the samples of each contestant, in the given order. */
async function round(functions, order, warmupTime) {
  const bench = new Bench({
    time: SAMPLE_MS,
    iterations: 10,
    warmup: warmupTime > 0,
    warmupTime,
    warmupIterations: 10,
  });
  for (const name of order) {
    const work = functions[name];
    bench.add(name, () => {
      for (let at = 0; at < BATCH; at++) work();
    });
  }
  await bench.run();
  return Object.fromEntries(bench.tasks.map(({ name, result }) => [name, (result.latency.p50 * 1000) / BATCH]));
}

/**
 * [{ name, direction, microseconds: { ours, zod, 'protobuf-es' }, ratios: { zod, 'protobuf-es' } }, …]. A ratio is the
 * median of the rounds' ratios, so that a machine that slows down between rounds does not change it.
 */
export async function benchTs(protocol, types) {
  checkTs(protocol, types);
  const results = [];
  for (const message of MESSAGES) {
    const { decode, encode } = contestants(protocol, types, message);
    for (const [direction, functions] of Object.entries({ decode, encode })) {
      const names = Object.keys(functions);
      const rounds = [];
      for (let at = 0; at < ROUNDS; at++) {
        const order = at % 2 === 0 ? names : [...names].reverse();
        rounds.push(await round(functions, order, at === 0 ? WARMUP_MS : 0));
      }
      const of = (pick) => median(rounds.map(pick));
      results.push({
        name: message.name,
        direction,
        microseconds: Object.fromEntries(names.map((name) => [name, of((each) => each[name])])),
        ratios: {
          zod: of((each) => each.ours / each.zod),
          'protobuf-es': of((each) => each.ours / each['protobuf-es']),
        },
      });
    }
  }
  return results;
}
