// The batch with files:  node batch.mjs FOLDER COUNT
// Prints { count, cpuSeconds, wallSeconds, again: { … } }: the first run, and a second one that finds everything there.
import { performance } from 'node:perf_hooks';
import { initPki } from '@secure-esp/pki';

const [dir, text] = process.argv.slice(2);
const count = Number(text);
const ids = Array.from({ length: count }, (_, index) => `esp-${String(index + 1).padStart(5, '0')}`);
const tree = await initPki({ dir, devices: [], chips: [] });

async function measured(state) {
  const cpu = process.cpuUsage();
  const startMs = performance.now();
  const report = await tree.issueDevices(ids);
  const wallSeconds = (performance.now() - startMs) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  const wrong = report.find((device) => device.state !== state);
  if (wrong !== undefined || report.length !== count) throw new Error(`not every device was ${state}`);
  return { cpuSeconds: (user + system) / 1e6, wallSeconds };
}

const first = await measured('issued');
const again = await measured('existing');
// throws unless key, certificate and CA belong together
for (const id of [ids[0], ids[Math.floor(count / 2)], ids[count - 1]]) await tree.device(id);
console.log(JSON.stringify({ count, ...first, again }));
