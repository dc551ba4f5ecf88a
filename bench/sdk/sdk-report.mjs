// Goals and tables of the SDK. A ratio is the median of the rounds' own ratios, so that a machine that slows down between
// rounds does not change it.
import { table } from '../lib/table.mjs';

const MODES = {
  sequential: () => 'one after the other',
  parallel: ({ inFlight }) => `${String(inFlight)} in flight`,
};

const median = (numbers) => [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
const over = ({ rounds }, pick) => median(rounds.map(pick));

/** Bytes of gzip that a page may pay for the SDK itself. */
const BUNDLE_MAX_BYTES = 20_000;

export function goalsOfSdk(results) {
  const { sdk } = results.bundle;
  const trips = Object.entries(MODES).map(([mode, title]) => ({
    what: `Round trips per second, ${title(results)}, SDK / mqtt.js`,
    figures: ['ours', 'bare'].map((who) => over(results, (round) => round[mode][who].perSecond).toFixed(0)).join(' / '),
    value: over(results, (round) => round[mode].ours.perSecond / round[mode].bare.perSecond),
    // 10 % more time for each
    limit: 1 / 1.1,
    atLeast: true,
  }));
  const what = `Bundle without mqtt.js, zod and the contract, bytes of gzip, SDK / ${String(BUNDLE_MAX_BYTES)}`;
  const figures = `${String(sdk)} / ${String(BUNDLE_MAX_BYTES)}`;
  return [...trips, { what, figures, value: sdk / BUNDLE_MAX_BYTES, limit: 1 }];
}

const tripTable = (results) =>
  table(
    ['Round trips', 'per second', 'median, ms', 'p99, ms', 'per second / mqtt.js', 'p99 / mqtt.js'],
    Object.entries(MODES).flatMap(([mode, title]) =>
      Object.entries({ ours: 'SDK', bare: 'mqtt.js' }).map(([who, name]) => [
        `${name}, ${title(results)}`,
        over(results, (round) => round[mode][who].perSecond).toFixed(0),
        over(results, (round) => round[mode][who].p50Ms).toFixed(2),
        over(results, (round) => round[mode][who].p99Ms).toFixed(2),
        over(results, (round) => round[mode][who].perSecond / round[mode].bare.perSecond).toFixed(2),
        over(results, (round) => round[mode][who].p99Ms / round[mode].bare.p99Ms).toFixed(2),
      ]),
    ),
  );

const memoryTable = ({ followed, memory }) =>
  table(
    [`${String(followed)} devices followed`, 'heap of each, bytes', 'buffers of each, bytes'],
    Object.entries({ ours: 'SDK', bare: 'mqtt.js' }).map(([who, name]) => [
      name,
      memory[who].heapBytesPerDevice.toFixed(0),
      memory[who].externalBytesPerDevice.toFixed(0),
    ]),
  );

const bundleTable = ({ bundle }) =>
  table(
    ['In a page', 'bytes of gzip'],
    [
      ['SDK', String(bundle.sdk)],
      ['SDK and contract', String(bundle.withContract)],
    ],
  );

/** Blocks of the template by their names. */
export const sdkBlocks = (results) => ({
  sdk_trips: tripTable(results),
  sdk_memory: memoryTable(results),
  sdk_bundle: bundleTable(results),
});
