// The C tables: builds each peer, compares what it read and wrote with the messages, and measures it.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ACCEPTED, DIFFERENT, MESSAGES, REFUSED, UNCHECKED } from './messages.mjs';
import { peers } from './peers.mjs';
import { decodeMessage, encodeMessage, messageTypes, toMessage, withEnumNumbers } from './protobuf.mjs';
import { compile, emulate, HARNESS, HEAP, link, SIZE, sizeOf, writeInputs } from './rv32.mjs';
import { run } from './tools.mjs';

const BENCH = join(import.meta.dirname, '..');
const BUILD = join(BENCH, '.cache/build');
const PROTO = join(BENCH, 'peers/nanopb');
const KINDS = ['text', 'rodata', 'data', 'bss'];

/** The message types of messages.proto, by protoc. */
export function loadTypes() {
  mkdirSync(BUILD, { recursive: true });
  const set = join(BUILD, 'messages.binpb');
  run('protoc', [`--proto_path=${PROTO}`, `--descriptor_set_out=${set}`, 'messages.proto']);
  return messageTypes(readFileSync(set));
}

/**
 * All peers, compared and measured. `generated`: another folder of generated C. `sizes` false leaves the sizes out.
 * Throws if a peer reads or writes another value than the message.
 */
export function benchC({ generated, sizes = true } = {}) {
  const nanopbGenerated = join(BUILD, 'nanopb-generated');
  mkdirSync(nanopbGenerated, { recursive: true });
  run('nanopb_generator.py', ['-q', '-I', PROTO, '-D', nanopbGenerated, 'messages.proto'], { cwd: PROTO });
  const types = loadTypes();
  const empty = sizes ? linkedSize('empty', compile(join(BUILD, 'empty'), [SIZE]), []) : undefined;
  return peers({ ...(generated === undefined ? {} : { generated }), nanopbGenerated }).map((peer) => {
    const folder = join(BUILD, peer.name.replaceAll(/\W+/g, '-'));
    const own = compile(join(folder, 'own'), peer.own, peer.include);
    return {
      name: peer.name,
      ...exercise(peer, folder, own, types),
      ...(sizes ? { sizes: measureSizes(peer, folder, own, empty) } : {}),
    };
  });
}

/** The programs of size.c: both directions, and each of them. */
function measureSizes(peer, folder, own, empty) {
  const variants = {
    both: ['-DBENCH_DECODE', '-DBENCH_ENCODE'],
    decode: ['-DBENCH_DECODE'],
    encode: ['-DBENCH_ENCODE'],
  };
  return Object.fromEntries(
    Object.entries(variants).map(([variant, flags]) => {
      const main = compile(join(folder, variant), [SIZE], flags);
      return [variant, difference(linkedSize(variant, main, own, folder), empty)];
    }),
  );
}

function linkedSize(name, main, own, folder = BUILD) {
  return sizeOf(link(join(folder, `size-${name}.elf`), [...main, ...own]));
}

const NONE = { text: 0, rodata: 0, data: 0, bss: 0 };
const add = (one, other, sign = 1) => Object.fromEntries(KINDS.map((kind) => [kind, one[kind] + sign * other[kind]]));

/** What the peer's own objects and the C library have more than in the empty program; the program's main() is left out. */
function difference(sizes, empty) {
  const { library = NONE, ...objects } = sizes;
  delete objects.size;
  const own = Object.values(objects).reduce((sum, each) => add(sum, each), NONE);
  return { own, objects, library: add(library, empty.library ?? NONE, -1) };
}

/** Payloads beside the measured ones, with the verdict that the peer must give; without `accept` any will do. */
function probesOf(peer, types) {
  if (peer.wire === 'json') {
    return [
      ...ACCEPTED,
      ...REFUSED,
      ...DIFFERENT.map((probe) => (peer.name === 'ours' ? probe : { ...probe, accept: undefined })),
    ];
  }
  return UNCHECKED.map(([name, note, change]) => {
    const { type, value } = MESSAGES.find((message) => message.name === name);
    const bytes = (changed) => Buffer.from(encodeMessage(types, type, toMessage(types, type, changed)));
    return {
      message: name,
      note,
      bytes: typeof change === 'function' ? change(bytes(value)) : bytes({ ...value, ...change }),
      accept: peer.checks !== true,
    };
  });
}

const encoded = (peer, types, { type, value }) =>
  peer.wire === 'json'
    ? Buffer.from(JSON.stringify(value))
    : Buffer.from(encodeMessage(types, type, toMessage(types, type, value)));

/** Runs the peer in QEMU, twice: the counts must be equal. Heap is counted in a program of its own. */
function exercise(peer, folder, own, types) {
  const inputs = MESSAGES.map((message) => ({ message: message.name, bytes: encoded(peer, types, message) }));
  const probes = probesOf(peer, types);
  const include = [...peer.include, `-I${join(BENCH, 'peers')}`];
  const rest = [...compile(folder, [writeInputs(folder, inputs, probes), ...peer.print], include), ...own];
  const plain = link(join(folder, 'bench.elf'), [...compile(folder, [HARNESS]), ...rest]);
  const counting = link(
    join(folder, 'bench-heap.elf'),
    [...compile(join(folder, 'heap'), [HARNESS, HEAP], ['-DBENCH_COUNTS_HEAP']), ...rest],
    ['malloc', 'calloc', 'realloc', 'free'].map((name) => `-Wl,--wrap=${name}`),
  );
  // Without probes: the log of every instruction is long.
  const short = [
    ...compile(join(folder, 'profile'), [writeInputs(join(folder, 'profile'), inputs, [])]),
    ...rest.slice(1),
  ];
  const profile = link(join(folder, 'profile.elf'), [...compile(folder, [HARNESS]), ...short]);
  const output = emulate(plain);
  assert.equal(emulate(plain), output, `${peer.name}: two runs differ`);
  const result = parse(peer, output);
  const heap = parse(peer, emulate(counting));
  judge(peer, result, probes, types);
  judge(peer, heap, probes, types);
  return {
    profile,
    inputs: inputs.map(({ bytes }) => bytes.length),
    structs: result.structs,
    costs: result.costs.map((cost, at) => ({
      ...cost,
      heap: heap.costs[at].heap,
      allocations: heap.costs[at].allocations,
    })),
    differences:
      peer.wire === 'json'
        ? DIFFERENT.map(({ note }, at) => ({ note, verdict: result.verdicts.at(at - DIFFERENT.length) }))
        : [],
  };
}

function parse(peer, output) {
  const lines = output.trimEnd().split('\n');
  assert.equal(lines.at(-1), 'end', `${peer.name} did not finish:\n${output}`);
  const result = { costs: [], values: {}, texts: {}, structs: {}, verdicts: [] };
  for (const line of lines.slice(0, -1)) {
    const [word, name, ...rest] = line.split(' ');
    if (word === 'cost') {
      const [direction, instructions, stack, heap, allocations] = rest;
      result.costs.push({
        name,
        direction,
        instructions: Number(instructions),
        stack: Number(stack),
        heap: Number(heap),
        allocations: Number(allocations),
      });
    } else if (word === 'value') result.values[name] = JSON.parse(rest.join(' '));
    else if (word === 'text') result.texts[name] = Buffer.from(rest[0], 'hex');
    else if (word === 'struct') result.structs[name] = Number(rest[0]);
    else if (word === 'probe') result.verdicts.push(name);
    else assert.fail(`${peer.name}: ${line}`);
  }
  return result;
}

/** Every value read and written must be the message's, every verdict the contract's. */
function judge(peer, { values, texts, verdicts }, probes, types) {
  for (const { name, type, value } of MESSAGES) {
    const what = `${peer.name}: ${name}`;
    if (peer.wire === 'json') {
      assert.deepEqual(values[name], value, `${what} was read as another value`);
      assert.deepEqual(JSON.parse(texts[name].toString()), value, `${what} was written as another value`);
    } else {
      assert.deepEqual(values[name], withEnumNumbers(types, type, value), `${what} was read as another value`);
      assert.deepEqual(
        decodeMessage(types, type, texts[name]),
        toMessage(types, type, value),
        `${what} was written as another value`,
      );
    }
  }
  probes.forEach(({ message, note, accept }, at) => {
    if (accept === undefined) return;
    assert.equal(verdicts[at], accept ? 'accepted' : 'refused', `${peer.name}: ${message}, ${note}`);
  });
}
