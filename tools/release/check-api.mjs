// Compares what the built packages export, with its types, with the reports in packages/<package>/api: no change of a
// public API goes unseen, and the review of a change shows it.
//   node tools/release/check-api.mjs             fails where a report is out of date
//   node tools/release/check-api.mjs --update    writes the reports
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { parseArgs } from 'node:util';
import { entriesOf, publishedPackages, workspaceRoot } from './packages.mjs';

const { values: options } = parseArgs({ options: { update: { type: 'boolean', default: false } } });
const UPDATE = 'node tools/release/check-api.mjs --update';

function extract({ folder }, { declarations }, reports, work) {
  const silent = { default: { logLevel: ExtractorLogLevel.None } };
  const config = ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(folder, 'package.json'),
    configObject: {
      projectFolder: folder,
      mainEntryPointFilePath: declarations,
      newlineKind: 'lf',
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: 'es2022',
            lib: ['es2023', 'es2024.string'],
            module: 'nodenext',
            moduleResolution: 'nodenext',
            skipLibCheck: true,
            types: ['node'],
          },
        },
      },
      apiReport: { enabled: true, reportFolder: reports, reportTempFolder: work, reportFileName: 'entry.api.md' },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        // With them the report would name files of the build, whose names change with their bytes.
        extractorMessageReporting: silent,
        tsdocMessageReporting: silent,
        compilerMessageReporting: { default: { logLevel: ExtractorLogLevel.Error } },
      },
    },
  });
  const { succeeded } = Extractor.invoke(config, {
    localBuild: true,
    messageCallback: (message) => {
      if (message.logLevel !== ExtractorLogLevel.Error) message.handled = true;
    },
  });
  if (!succeeded) throw new Error(`${relative(workspaceRoot, declarations)} cannot be analysed`);
  return join(reports, 'entry.api.md');
}

/** The first line that differs, for a message. */
function firstDifference(before, after) {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const at = now.findIndex((line, index) => line !== old[index]);
  return at < 0 ? `- ${old[now.length]}` : `- ${old[at] ?? ''}\n    + ${now[at]}`;
}

const work = mkdtempSync(join(tmpdir(), 'secure-esp-api-'));
let failures = 0;
try {
  for (const one of publishedPackages()) {
    const folder = join(one.folder, 'api');
    const entries = entriesOf(one);
    for (const entry of entries) {
      const reports = join(work, one.manifest.name.replace('/', '-'), entry.name);
      mkdirSync(reports, { recursive: true });
      const made = extract(one, entry, reports, join(work, 'temp'));
      const committed = join(folder, `${entry.name}.api.md`);
      const label = relative(workspaceRoot, committed);
      if (options.update) {
        mkdirSync(folder, { recursive: true });
        copyFileSync(made, committed);
        continue;
      }
      const before = existsSync(committed) ? readFileSync(committed, 'utf8') : '';
      const after = readFileSync(made, 'utf8');
      if (before === after) continue;
      failures += 1;
      console.error(`error: ${label} is not the public API any more:\n    ${firstDifference(before, after)}`);
    }
    const expected = new Set(entries.map(({ name }) => `${name}.api.md`));
    for (const file of existsSync(folder) ? readdirSync(folder) : []) {
      if (expected.has(file)) continue;
      if (options.update) rmSync(join(folder, file));
      else {
        failures += 1;
        console.error(`error: ${relative(workspaceRoot, join(folder, file))}: the package has no such entry`);
      }
    }
    console.log(`${one.manifest.name}: ${entries.length} entries`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
if (failures > 0) {
  console.error(`Read what changed, add a changeset that says so, and run: ${UPDATE}`);
  process.exitCode = 1;
}
