// Where the instructions of a message go: QEMU logs every one with its function.
import { once } from 'node:events';
import { createReadStream, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { emulate } from './rv32.mjs';

/** { "peer_decode_status": { "json_char": 1234, … }, … }: instructions by function, inlined ones in their caller. */
export async function profileOf(program) {
  const trace = `${program}.trace`;
  emulate(program, { trace });
  const profiles = {};
  let window; // undefined outside the measured call, null before its first function
  const lines = createInterface({ input: createReadStream(trace) });
  lines.on('line', (line) => {
    const name = line.slice(line.lastIndexOf(' ') + 1);
    if (name === 'count_decode' || name === 'count_encode') {
      window = null;
    } else if (window === null) {
      // The first function behind the counter is the measured one; behind it comes the counter's caller.
      window = name.startsWith('peer_') ? (profiles[name] ??= {}) : undefined;
    }
    if (window) window[name] = (window[name] ?? 0) + 1;
  });
  await once(lines, 'close');
  rmSync(trace);
  return profiles;
}

/** The profiles as text: per message the functions that take at least two percent, the most expensive first. */
export function printProfile(profiles) {
  for (const [call, functions] of Object.entries(profiles)) {
    const total = Object.values(functions).reduce((sum, count) => sum + count, 0);
    console.log(`\n${call.replace(/^peer_(\w+?)_/, '$1 ')}: ${String(total)} instructions`);
    for (const [name, count] of Object.entries(functions).sort(([, one], [, other]) => other - one)) {
      if (count >= total / 50)
        console.log(`  ${String(count).padStart(8)} ${((100 * count) / total).toFixed(1).padStart(5)} %  ${name}`);
    }
  }
}
