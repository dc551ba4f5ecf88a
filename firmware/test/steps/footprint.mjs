// What the core takes on rv32imc: code, memory of one device, deepest stack. The figures stand in docs/footprint.md, between
// markers; they may not be more than 2 % from what is measured, nor above their budgets.
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { coreSources, generatedSource, INCLUDES, testFolder } from './tools.mjs';

const PAGE = join(testFolder, '../../docs/footprint.md');
const BEGIN = '<!-- footprint: begin -->';
const END = '<!-- footprint: end -->';
const TOLERANCE = 0.02;

/** Bytes. Raise one only in a commit that says what it is spent on. */
const BUDGETS = { core: 23_552, codecs: 13_824, device: 2_560, stack: 1_792 };

/** Where the core calls through a pointer: what may be behind it. Calls on the port leave the core. */
const BEHIND_POINTERS = { flush_one: ['subscribe_all', 'send_status', 'send_settings', 'send_state'] };
const PORT_CALL = /^sesp_call_/;
/** What the compiler's library does: nothing that calls back. */
const LIBRARY = /^(mem(cpy|set|cmp|move)|str(cmp|len)|__\w+)$/;
/** Events of the core: where a chain of calls begins. */
const ENTRY = /^sesp_(on_\w+|init|will|next_tick_ms|running_version)$/;

/** `compile(args, cwd)` runs the compiler for rv32imc, `sections(objects)` sums up sections. */
export async function footprint(report, work, { gcc, size, target, update }) {
  const compiled = await report.exec(
    gcc,
    [...target, '-std=c11', ...INCLUDES, '-fcallgraph-info=su', '-c', ...coreSources()],
    { cwd: work },
  );
  if (!compiled.good) return report.fail('footprint: build', compiled.stderr);
  const object = (source) => join(work, basename(source).replace(/\.c$/, '.o'));
  const own = coreSources().filter((source) => source !== generatedSource);
  const core = await codeBytes(report, size, own.map(object));
  const codecs = await codeBytes(report, size, [object(generatedSource)]);
  const device = await sizeOfDevice(report, work, { gcc, size, target });
  const deepest = deepestStack(readGraph(work));
  if (deepest.fault !== undefined) return report.fail('footprint: stack', deepest.fault);
  const measured = { core, codecs, device, stack: deepest.bytes };
  const table = tableOf(measured, deepest.chain);
  if (update && existsSync(PAGE)) writeFileSync(PAGE, replaced(readFileSync(PAGE, 'utf8'), table));
  const faults = [...overBudget(measured), ...unlikePage(measured)];
  const line = Object.entries(measured).map(([name, bytes]) => `${name} ${String(bytes)}`);
  if (faults.length === 0) report.ok('footprint as in docs/footprint.md', `${line.join(', ')} bytes`);
  else
    report.fail(
      'footprint',
      [...faults, table, 'accept it with: node firmware/test/run.mjs --update-footprint'].join('\n'),
    );
}

async function codeBytes(report, size, objects) {
  const { stdout } = await report.exec(size, ['-A', ...objects]);
  return [...stdout.matchAll(/^\.s?(?:text|rodata)\S*\s+([0-9]+)/gm)].reduce(
    (sum, [, bytes]) => sum + Number(bytes),
    0,
  );
}

async function sizeOfDevice(report, work, { gcc, size, target }) {
  const source = join(work, 'device_size.c');
  const object = join(work, 'device_size.o');
  writeFileSync(source, '#include "secure_esp_core.h"\nsesp_core_t device;\n');
  await report.exec(gcc, [...target, '-fno-common', ...INCLUDES, '-c', source, '-o', object]);
  const { stdout } = await report.exec(size, ['-A', object]);
  return Number(/^\.s?bss\S*\s+([0-9]+)/m.exec(stdout)?.[1] ?? Number.NaN);
}

/** Functions, their frames and calls, from gcc's call graphs of all files. */
function readGraph(work) {
  const functions = new Map();
  const nameOf = (title) => title.split(':').at(-1);
  for (const file of readdirSync(work).filter((name) => name.endsWith('.ci'))) {
    const text = readFileSync(join(work, file), 'utf8');
    const unit = (title) => (title.includes(':') ? `${file}:${nameOf(title)}` : title);
    const at = (title) => {
      const key = unit(title);
      if (!functions.has(key))
        functions.set(key, { name: nameOf(title).replace(/\..*$/, ''), file, frame: undefined, calls: new Set() });
      return functions.get(key);
    };
    for (const [, title, frame, kind] of text.matchAll(
      /^node: \{ title: "([^"]+)" label: "[^"]*?(?:\\n([0-9]+) bytes \((\w+)[^"]*)?"/gm,
    )) {
      const node = at(title);
      if (frame === undefined) continue;
      node.frame = Number(frame);
      if (kind !== 'static') node.unbounded = true;
    }
    for (const [, from, to] of text.matchAll(/^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"/gm))
      at(from).calls.add(unit(to));
  }
  return functions;
}

/** The chain of calls with the most stack; a fault if one has no end or no known size. */
function deepestStack(functions) {
  const known = new Map();
  const visit = (key, path) => {
    if (known.has(key)) return known.get(key);
    const node = functions.get(key);
    if (path.includes(key)) throw new Error(`recursion: ${[...path, key].join(' > ')}`);
    if (LIBRARY.test(key)) return { bytes: 0, chain: [] };
    if (node?.frame === undefined) throw new Error(`${key} has no known frame`);
    if (node.unbounded) throw new Error(`${key} has a frame of no fixed size`);
    const targets = [...node.calls].flatMap((target) => behind(target, node, functions));
    const deepest = targets
      .map((target) => visit(target, [...path, key]))
      .reduce((one, other) => (other.bytes > one.bytes ? other : one), { bytes: 0, chain: [] });
    const result = { bytes: node.frame + deepest.bytes, chain: [node.name, ...deepest.chain] };
    known.set(key, result);
    return result;
  };
  try {
    const entries = [...functions.keys()].filter((key) => ENTRY.test(key));
    return entries.map((key) => visit(key, [])).reduce((one, other) => (other.bytes > one.bytes ? other : one));
  } catch (error) {
    return { fault: error.message };
  }
}

function behind(target, node, functions) {
  if (target !== '__indirect_call') return [target];
  if (PORT_CALL.test(node.name)) return [];
  const names = BEHIND_POINTERS[node.name];
  if (names === undefined) throw new Error(`${node.name} calls through a pointer that nobody knows`);
  return [...functions]
    .filter(([, other]) => other.file === node.file && names.includes(other.name))
    .map(([key]) => key);
}

const number = (value) => value.toLocaleString('en-US');

function tableOf({ core, codecs, device, stack }, chain) {
  const rows = [
    ['core: code and constants (`.text`, `.rodata`)', core, BUDGETS.core],
    ['generated codecs: code and constants', codecs, BUDGETS.codecs],
    ['RAM of one device: `sizeof(sesp_core_t)`', device, BUDGETS.device],
    ['static data (`.data`, `.bss`)', 0, 0],
    ['deepest stack, up to a call on the port', stack, BUDGETS.stack],
  ].map(([what, bytes, budget]) => `| ${what} | ${number(bytes)} | ${number(budget)} |`);
  const deepest = chain.map((name) => `\`${name}\``).join(' > ');
  return ['| What | Bytes | Budget |', '| --- | --: | --: |', ...rows, '', `Deepest chain: ${deepest}.`].join('\n');
}

const replaced = (page, table) =>
  page.replace(new RegExp(`${BEGIN}[\\s\\S]*${END}`), () => `${BEGIN}\n\n${table}\n\n${END}`);

function overBudget(measured) {
  return Object.entries(BUDGETS)
    .filter(([name, budget]) => !(measured[name] <= budget))
    .map(([name, budget]) => `${name}: ${String(measured[name])} bytes, budget ${String(budget)}`);
}

/** Figures of the page in the order of the table, and how far they are from what is measured. */
function unlikePage(measured) {
  if (!existsSync(PAGE)) return ['docs/footprint.md does not exist'];
  const part = readFileSync(PAGE, 'utf8').split(BEGIN)[1]?.split(END)[0] ?? '';
  const figures = [...part.matchAll(/^\|[^|]+\|\s*([0-9,]+)\s*\|/gm)].map(([, text]) =>
    Number(text.replaceAll(',', '')),
  );
  const [core, codecs, device, , stack] = figures;
  return Object.entries({ core, codecs, device, stack })
    .filter(([name, figure]) => !(Math.abs((figure ?? Number.NaN) - measured[name]) <= measured[name] * TOLERANCE))
    .map(([name, figure]) => `${name}: ${String(measured[name])} bytes, docs/footprint.md says ${String(figure)}`);
}
