// The contract's test vectors through the generated C: verdicts, values and topics are those of the TypeScript codecs, which
// made the vectors.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { coreFolder, SANITIZERS, testFolder, WARNINGS } from './tools.mjs';

export const VECTORS = join(testFolder, '../../packages/protocol/test/golden/secure-esp/vectors');
const REPLAY = join(testFolder, 'vectors/replay.c');
const VERDICTS = ['ok', 'bad_payload', 'out_of_range', 'too_long', 'no_space', 'bad_value'];
const NO_SPACE = 4;

/** The vectors of a payload by the C name of its decoder: `{ bytes, verdict, value, … }`. Empty if there are none. */
export function payloadVectors(name) {
  const file = join(VECTORS, `${name}.json`);
  if (!existsSync(file)) return [];
  const { encoding, vectors } = JSON.parse(readFileSync(file, 'utf8'));
  return vectors.map((vector) => ({ ...vector, encoding, payload: bytesOf(vector) }));
}

/** The topics that a matcher is asked for, matching or not. */
export const topicVectors = () =>
  existsSync(join(VECTORS, 'topics.json')) ? topics().match.map(({ topic }) => topic) : [];

const topics = () => JSON.parse(readFileSync(join(VECTORS, 'topics.json'), 'utf8'));
const bytesOf = ({ text, bytes }) => (text === undefined ? Buffer.from(bytes, 'hex') : Buffer.from(text, 'utf8'));

export async function vectors(report, work) {
  const [compiler] = report.available(['gcc']);
  if (compiler === undefined) return;
  const result = await replayVectors(report, { generated: join(coreFolder, 'generated'), work, compiler });
  if (result.faults.length === 0) report.ok('test vectors', `${String(result.count)} answered as TypeScript does`);
  else report.fail('test vectors', result.faults.slice(0, 20).join('\n'));
}

/** Compiles the C of a folder with the sanitizers and asks it every vector: how many, and where it answers differently. */
export async function replayVectors(report, { generated, work, compiler }) {
  if (!existsSync(VECTORS)) return { count: 0, faults: [`there are no vectors in ${VECTORS}`] };
  const folder = join(work, 'vectors');
  mkdirSync(folder, { recursive: true });
  const header = readFileSync(join(generated, 'secure_esp_protocol.h'), 'utf8');
  const decoders = [...header.matchAll(/^sesp_codec_t sesp_(\w+)_decode\(const uint8_t \*data, size_t len(,?)/gm)].map(
    ([, name, comma]) => ({ name, form: comma === '' ? 'EMPTY' : 'STRUCT' }),
  );
  const names = decoders.map(({ name }) => name);
  const unread = readdirSync(VECTORS).filter((file) => ![...names, 'topics'].includes(file.replace(/\.json$/, '')));
  const questions = [...names.flatMap(payloadQuestions), ...topicQuestions()];
  writeFileSync(
    join(folder, 'cases.inc'),
    decoders.map(({ name, form }, at) => `${form}(${String(at)}u, ${name})\n`).join(''),
  );
  writeFileSync(join(folder, 'questions'), Buffer.concat(questions.map(({ record }) => record)));

  const binary = join(folder, 'replay');
  const flags = ['-O1', ...SANITIZERS, ...WARNINGS, `-I${folder}`, `-I${generated}`];
  const sources = [REPLAY, join(generated, 'secure_esp_protocol.c')];
  const built = await report.exec(compiler, [...flags, ...sources, '-o', binary]);
  if (!built.good) return { count: 0, faults: [built.stderr] };
  const ran = await report.exec(binary, [join(folder, 'questions')], { timeoutMs: 60_000 });
  const answers = ran.stdout.split('\n').slice(0, -1);
  const faults = questions.flatMap(({ name, judge }, at) => {
    const fault = answers[at] === undefined ? 'no answer' : judge(answers[at]);
    return fault === undefined ? [] : [`${name}: ${fault}`];
  });
  if (!ran.good) faults.unshift(`${ran.error}${ran.stderr.slice(0, 2000)}`);
  faults.push(...unread.map((file) => `${file}: there is no such decoder`));
  return { count: questions.length, faults };
}

function record(kind, index, bytes) {
  const head = Buffer.alloc(7);
  head.write(kind, 0, 'latin1');
  head.writeUInt16BE(index, 1);
  head.writeUInt32BE(bytes.length, 3);
  return Buffer.concat([head, bytes]);
}

const payloadQuestions = (name, index) =>
  payloadVectors(name).map((vector) => ({
    name: `${name}: ${vector.name}`,
    record: record('p', index, vector.payload),
    judge: (answer) => judgePayload(vector, answer),
  }));

function judgePayload({ verdict, value, encoding }, answer) {
  const [decoded, encoded, hex = ''] = answer.split(' ');
  const own = VERDICTS[Number(decoded)];
  if (own !== verdict) return `is ${own ?? answer}, should be ${verdict}`;
  if (verdict !== 'ok' || encoding === 'empty') return undefined;
  // The encoder's spelling of a JSON value can be longer than the payload may be.
  if (Number(encoded) === NO_SPACE && encoding === 'json') return undefined;
  if (Number(encoded) !== 0) return `cannot be encoded: ${VERDICTS[Number(encoded)] ?? answer}`;
  return meansSame(encoding, Buffer.from(hex, 'hex'), value)
    ? undefined
    : `is read as ${Buffer.from(hex, 'hex').toString()}`;
}

function meansSame(encoding, bytes, value) {
  if (encoding === 'bytes') return bytes.toString('hex') === value;
  const text = bytes.toString('utf8');
  if (encoding === 'json') return isDeepStrictEqual(parsed(text), value);
  if (typeof value === 'boolean') return text === (value ? '1' : '0');
  return typeof value === 'number' ? Number(text) === value : text === value;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // never a value of the contract
  }
}

/** C name of a leaf: its levels without parameters. */
const leafName = (leaf) =>
  leaf
    .split('/')
    .filter((level) => !level.startsWith('{'))
    .join('_')
    .replace(/[^A-Za-z0-9]+/g, '_')
    .toLowerCase();

function topicQuestions() {
  const { match, build } = topics();
  const matching = match.map(({ name, topic, match: expected }) => ({
    name: `topic ${name}`,
    record: record('m', 0, Buffer.from(topic, 'utf8')),
    judge: (answer) => judgeMatch(topic, expected, answer),
  }));
  const leaves = [...new Set(match.flatMap(({ match: expected }) => (expected === null ? [] : [expected.leaf])))];
  const string = (text) => {
    const bytes = Buffer.from(text ?? '', 'utf8');
    const length = Buffer.alloc(2);
    length.writeUInt16BE(text === undefined ? 65_535 : bytes.length);
    return Buffer.concat([length, text === undefined ? Buffer.alloc(0) : bytes]);
  };
  const building = build.map(({ name, leaf, scope, device, client, topic }) => {
    const scopeByte = Buffer.from([scope === 'device' ? 1 : 0]);
    return {
      name: `build ${name}`,
      record: record('b', leaves.indexOf(leaf) + 1, Buffer.concat([scopeByte, string(device), string(client)])),
      judge: (answer) => {
        const expected = topic === null ? '5 ' : `0 ${topic}`;
        return answer === expected ? undefined : `is "${answer}", should be "${expected}"`;
      },
    };
  });
  return [...matching, ...building];
}

function judgeMatch(topic, expected, answer) {
  const [name, scope, deviceAt, deviceLen, clientAt, clientLen] = answer.split(' ');
  if (expected === null) return name === 'none' ? undefined : `is matched as ${name}`;
  const part = (at, len) => (Number(len) === 0 ? undefined : topic.slice(Number(at), Number(at) + Number(len)));
  const own = {
    leaf: name,
    scope: scope === '1' ? 'device' : 'all',
    device: part(deviceAt, deviceLen),
    client: part(clientAt, clientLen),
  };
  const wanted = {
    leaf: leafName(expected.leaf),
    scope: expected.scope,
    device: expected.device,
    client: expected.client,
  };
  return isDeepStrictEqual(own, wanted) ? undefined : `is matched as ${JSON.stringify(own)}`;
}
