// The report: goals first, then every figure, then how it was measured. Plain Markdown, without dates or places.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { goalsOfOta, otaBlocks } from '../ota/ota-report.mjs';
import { goalsOfSdk, sdkBlocks } from '../sdk/sdk-report.mjs';
import { simBlocks } from '../sim/sim-report.mjs';
import { MESSAGES } from './messages.mjs';
import { ratio, table } from './table.mjs';

const TEXTS = join(import.meta.dirname, '../texts');
const RESULTS = join(import.meta.dirname, '../results');
const DIRECTIONS = ['decode', 'encode'];
const DOCUMENT = join(import.meta.dirname, '../../docs/benchmarks.md');

const number = (value) => String(value);
const flash = ({ text, rodata, data }) => text + rodata + data;
const costOf = (peer, name, direction) => peer.costs.find((cost) => cost.name === name && cost.direction === direction);
const sumOf = (peer, direction) =>
  peer.costs.filter((cost) => cost.direction === direction).reduce((sum, cost) => sum + cost.instructions, 0);

/** One line per goal: { what, figures, value, limit }; it is met if the value is no more than the limit, or `atLeast` that. */
function goalsOfC(peers) {
  const [ours, cjson, ...nanopb] = peers;
  const goals = [];
  const add = (what, mine, theirs, limit) =>
    goals.push({ what, figures: `${number(mine)} / ${number(theirs)}`, value: mine / theirs, limit });
  const linked = ({ sizes }) => flash(sizes.both.own) + flash(sizes.both.library);
  add('Flash with what it needs of the C library, ours / cJSON', linked(ours), linked(cjson), 0.5);
  add('Flash without the C library, ours / cJSON', flash(ours.sizes.both.own), flash(cjson.sizes.both.own), 0.5);
  for (const direction of DIRECTIONS) {
    add(`Instructions to ${direction} all five, ours / cJSON`, sumOf(ours, direction), sumOf(cjson, direction), 0.5);
    for (const { name } of MESSAGES) {
      const [mine, theirs] = [ours, cjson].map((peer) => costOf(peer, name, direction).instructions);
      add(`Instructions to ${direction} \`${name}\`, ours / cJSON`, mine, theirs, 0.5);
    }
  }
  const heap = Math.max(...ours.costs.map((cost) => cost.heap));
  goals.push({ what: 'Heap of ours, bytes', figures: number(heap), value: heap, limit: 0 });
  for (const peer of nanopb) add(`Flash with the C library, ours / ${peer.name}`, linked(ours), linked(peer), 1);
  return goals;
}

function goalsOfTs(results) {
  const line = (what, mine, theirs, value) => ({
    what: `Time to ${what}, ours / JSON and zod`,
    figures: `${mine.toFixed(2)} / ${theirs.toFixed(2)} µs`,
    value,
    limit: 1.1,
  });
  const total = (list, peer) => list.reduce((sum, { microseconds }) => sum + microseconds[peer], 0);
  return DIRECTIONS.flatMap((direction) => {
    const list = results.filter((result) => result.direction === direction);
    const [mine, theirs] = [total(list, 'ours'), total(list, 'zod')];
    return [
      line(`${direction} all five`, mine, theirs, mine / theirs),
      ...list.map(({ name, microseconds, ratios }) =>
        line(`${direction} \`${name}\``, microseconds.ours, microseconds.zod, ratios.zod),
      ),
    ];
  });
}

function goalTable(goals) {
  const rows = goals.map(({ what, figures, value, limit, atLeast = false }) => [
    what,
    figures,
    ratio(value),
    `${atLeast ? '≥' : '≤'} ${ratio(limit)}`,
    (atLeast ? value >= limit : value <= limit) ? 'met' : '**missed**',
  ]);
  return table(['Goal', 'Figures', 'Ratio', 'Limit', ''], rows);
}

function flashTable(peers) {
  const rows = Object.entries({ both: 'both', decode: 'only decode', encode: 'only encode' }).flatMap(
    ([variant, title]) =>
      peers.map(({ name, sizes }) => {
        const { own, library } = sizes[variant];
        const cells = [
          own.text,
          own.rodata,
          own.data + own.bss,
          flash(own),
          flash(library),
          flash(own) + flash(library),
        ];
        return [`${name}, ${title}`, ...cells.map(number)];
      }),
  );
  return table(['Bytes', '.text', '.rodata', '.data, .bss', 'flash', 'of the C library', 'flash with it'], rows);
}

const objectTable = (peers) =>
  table(
    ['Object', '.text', '.rodata', '.data', '.bss'],
    peers.flatMap(({ name, sizes }) =>
      Object.entries(sizes.both.objects).map(([object, { text, rodata, data, bss }]) => [
        `${name}: \`${object}\``,
        ...[text, rodata, data, bss].map(number),
      ]),
    ),
  );

const costTable = (peers, cell) =>
  table(
    ['Message', ...peers.map(({ name }) => name)],
    DIRECTIONS.flatMap((direction) =>
      MESSAGES.map(({ name }) => [
        `${direction} \`${name}\``,
        ...peers.map((peer) => cell(costOf(peer, name, direction))),
      ]),
    ),
  );

const sizeTable = (peers) =>
  table(
    ['Message', ...peers.map(({ name }) => name)],
    MESSAGES.map(({ name }, at) => [
      `\`${name}\``,
      ...peers.map((peer) => `${number(peer.inputs[at])} → ${number(peer.structs[name])}`),
    ]),
  );

const differenceTable = ([ours, cjson]) =>
  table(
    ['Payload', 'ours', 'cJSON'],
    ours.differences.map(({ note, verdict }, at) => [note, verdict, cjson.differences[at].verdict]),
  );

const tsTable = (results) =>
  table(
    ['Microseconds', 'ours', 'JSON and zod', 'protobuf-es', 'ours / zod', 'ours / protobuf-es'],
    results.map(({ name, direction, microseconds, ratios }) => [
      `${direction} \`${name}\``,
      ...Object.values(microseconds).map((value) => value.toFixed(2)),
      ...Object.values(ratios).map(ratio),
    ]),
  );

const PKI_NAMES = {
  limit: 'bare limit: P-256 key and one signature',
  'limit-verified': 'the same, the signature verified',
  ours: 'ours',
  'ours, 2 processes': 'ours, two processes at once',
  'ours-csr': 'ours, through a certificate request',
  peculiar: '@peculiar/x509, through a certificate request',
  'step-ca': 'step-ca, through a certificate request',
  openssl: 'OpenSSL command line, through a certificate request',
};

function goalsOfPki({ contestants, batch }) {
  const [limit, ours, openssl] = ['limit', 'ours', 'openssl'].map((name) =>
    contestants.find((contestant) => contestant.name === name),
  );
  const per = (one, other) => `${one.perCpuSecond.toFixed(0)} / ${other.perCpuSecond.toFixed(0)}`;
  const what = 'Certificates per CPU second, ours';
  return [
    { what: `${what} / bare limit`, figures: per(ours, limit), value: ours.ofLimit, limit: 0.5, atLeast: true },
    {
      what: `${what} / OpenSSL command line`,
      figures: per(ours, openssl),
      value: ours.timesOpenssl,
      limit: 200,
      atLeast: true,
    },
    {
      what: `Seconds for ${number(batch.count)} devices with their files`,
      figures: batch.wallSeconds.toFixed(1),
      value: batch.wallSeconds,
      limit: 60,
    },
  ];
}

const pkiTable = ({ contestants }) =>
  table(
    ['Certificates', 'per CPU second', 'per second', '/ bare limit', '/ limit, verified', '/ OpenSSL'],
    contestants.map(({ name, perCpuSecond, perSecond, ofLimit, ofVerified, timesOpenssl }) => [
      PKI_NAMES[name],
      perCpuSecond.toFixed(0),
      perSecond.toFixed(0),
      ratio(ofLimit),
      ratio(ofVerified),
      timesOpenssl.toFixed(timesOpenssl < 10 ? 1 : 0),
    ]),
  );

const batchTable = ({ batch }) =>
  table(
    [`${number(batch.count)} devices`, 'seconds', 'CPU seconds', 'devices per second'],
    [
      ['first run: keys, certificates, records, files', batch],
      ['second run: everything is there', batch.again],
    ].map(([what, { wallSeconds, cpuSeconds }]) => [
      what,
      wallSeconds.toFixed(1),
      cpuSeconds.toFixed(1),
      (batch.count / wallSeconds).toFixed(0),
    ]),
  );

const summaries = {
  c: (c) => ({
    goals: goalsOfC(c),
    blocks: {
      flash: flashTable(c),
      objects: objectTable(c),
      instructions: costTable(c, ({ instructions }) => number(instructions)),
      stack: costTable(c, ({ stack }) => number(stack)),
      heap: costTable(c, ({ heap, allocations }) =>
        allocations === 0 ? '0' : `${number(heap)} in ${number(allocations)}`,
      ),
      sizes: sizeTable(c),
      differences: differenceTable(c),
    },
  }),
  ts: (ts) => ({ goals: goalsOfTs(ts), blocks: { typescript: tsTable(ts) } }),
  pki: (pki) => ({ goals: goalsOfPki(pki), blocks: { certificates: pkiTable(pki), batch: batchTable(pki) } }),
  ota: (ota) => ({ goals: goalsOfOta(ota), blocks: otaBlocks(ota) }),
  sim: (sim) => ({ goals: [], blocks: simBlocks(sim) }),
  sdk: (sdk) => ({ goals: goalsOfSdk(sdk), blocks: sdkBlocks(sdk) }),
};

export const PARTS = Object.keys(summaries);

/** What the report tells of one part: { goals, blocks, versions }, plain data that can be stored. */
export const summaryOf = (part, result, versions) => ({ ...summaries[part](result), versions });

/** A program that two parts were measured with in two versions has both. */
function versionLine(all) {
  const names = [...new Set(all.flatMap((versions) => Object.keys(versions)))];
  const of = (name) => [...new Set(all.map((versions) => versions[name]).filter((version) => version !== undefined))];
  return names.map((name) => `${name} ${of(name).join(' and ')}`).join(', ');
}

/** The document, of the parts that there are: { c: summary, … }. */
export async function report(parts) {
  const told = PARTS.map((part) => parts[part]).filter((summary) => summary !== undefined);
  const blocks = {
    goals: goalTable(told.flatMap(({ goals }) => goals)),
    versions: versionLine(told.map(({ versions }) => versions)),
    ...Object.assign({}, ...told.map(({ blocks }) => blocks)),
  };
  const template = readFileSync(join(TEXTS, 'benchmarks.md'), 'utf8');
  // Sections of the template stand between the marks of what they tell of: <!-- c --> … <!-- /c -->.
  const kept = template.replaceAll(/<!-- (c|ts|pki|ota|sim|sdk) -->\n([^]*?)<!-- \/\1 -->\n/g, (_, part, text) =>
    parts[part] === undefined ? '' : text,
  );
  const text = kept.replaceAll(/<!-- (\w+) -->/g, (_, name) => blocks[name]);
  return format(text, { ...(await resolveConfig(DOCUMENT)), parser: 'markdown' });
}

const storeOf = (part) => join(RESULTS, `${part}.json`);

/** Stores what was measured and writes the document of it and of what was stored before. False while a part is missing. */
export async function writeDocument(measured) {
  mkdirSync(RESULTS, { recursive: true });
  for (const [part, summary] of Object.entries(measured)) {
    const text = await format(JSON.stringify(summary), { ...(await resolveConfig(storeOf(part))), parser: 'json' });
    writeFileSync(storeOf(part), text);
  }
  if (!PARTS.every((part) => existsSync(storeOf(part)))) return false;
  const stored = PARTS.map((part) => [part, JSON.parse(readFileSync(storeOf(part), 'utf8'))]);
  writeFileSync(DOCUMENT, await report(Object.fromEntries(stored)));
  return true;
}
