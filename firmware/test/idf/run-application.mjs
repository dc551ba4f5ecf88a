// An application of the component, linked with the port, the core and the fakes of ESP-IDF, and tested as a device.
//   node firmware/test/idf/run-application.mjs --source DIR --generated DIR --test FILE [--without NAME]
//   --source     folder of its C files, compiled with the warnings of a product's own code
//   --generated  what `secure-esp codegen c` wrote for its contract
//   --test       C file with main(), which runs app_main() on a task
//   --without    a file of the folder that the test stands in for; may be repeated
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { filesOf, Report } from '../steps/tools.mjs';
import { buildPort, canBuildPort, STRICT } from './port-build.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const { values: options } = parseArgs({
  options: {
    source: { type: 'string' },
    generated: { type: 'string' },
    test: { type: 'string' },
    without: { type: 'string', multiple: true, default: [] },
  },
});
for (const name of ['source', 'generated', 'test']) {
  if (options[name] === undefined) throw new Error(`--${name} is needed`);
}
const [source, generated, test] = [options.source, options.generated, options.test].map((path) => resolve(path));

const report = new Report();
process.on('SIGINT', () => report.interrupt());
const work = mkdtempSync(join(tmpdir(), 'sesp-application-'));
try {
  if (canBuildPort(report)) {
    const files = [
      ...filesOf(source)
        .filter((file) => !options.without.includes(basename(file)))
        .map((file) => ({ file, extra: STRICT })),
      ...filesOf(generated).map((file) => ({ file, extra: STRICT })),
      ...[test, join(here, 'unit/device.c')].map((file) => ({ file, extra: [] })),
    ];
    const name = `the test ${basename(test)}`;
    const binary = await buildPort(report, work, { name, files, includes: [source, generated] });
    if (binary !== undefined) await report.run(`run ${name}`, binary, [], { show: ({ stdout }) => stdout });
  }
} finally {
  rmSync(work, { recursive: true });
}
for (const reason of report.skipped) console.log(`skip  ${reason}`);
if (report.failures.size > 0) process.exitCode = 1;
