// The unit tests of the ESP-IDF port, on fakes of ESP-IDF, with gcc, ASan and UBSan.
//   node firmware/test/idf/run-unit.mjs         alone; node firmware/test/run.mjs runs them with everything else
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filesOf, Report } from '../steps/tools.mjs';
import { buildPort, canBuildPort } from './port-build.mjs';

const here = dirname(fileURLToPath(import.meta.url));

export async function portTests(report, work) {
  if (!canBuildPort(report)) return;
  const files = filesOf(join(here, 'unit')).map((file) => ({ file, extra: [] }));
  const binary = await buildPort(report, join(work, 'port'), { name: 'the tests of the port', files });
  if (binary === undefined) return;
  await report.run('unit tests of the ESP-IDF port', binary, [], { show: ({ stdout }) => stdout });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const report = new Report();
  const work = mkdtempSync(join(tmpdir(), 'sesp-port-'));
  await portTests(report, work);
  for (const reason of report.skipped) console.log(`skip  ${reason}`);
  if (report.failures.size === 0) rmSync(work, { recursive: true });
  else process.exitCode = 1;
}
