import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GeneratedFile } from '@secure-esp/protocol/codegen';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, readInput, reasonOf, writeOutput } from '../files.js';
import { loadProtocol } from '../load-protocol.js';
import { printResult } from '../output.js';
import { ledgerOf, type ProofLedger } from '../prove/ledger.js';
import { PROOF_HEADER } from '../prove/proof-header.js';
import { framaCVersion, runFramaC } from '../prove/run-frama-c.js';
import type { WpReport } from '../prove/wp-report.js';
import { generateFor, type CodegenCOptions } from './codegen-c.js';

export interface CodegenProveOptions extends Pick<CodegenCOptions, 'protocol' | 'prefix' | 'license'> {
  readonly goalTimeout: number;
  readonly jobs: number;
  readonly limitMinutes: number;
  /** Folder of C that was generated before. */
  readonly from?: string;
  readonly function?: readonly string[];
  readonly ledger?: string;
  readonly json?: true;
  readonly check?: true;
}

/** `secure-esp codegen prove` */
export async function codegenProve(context: CliContext, options: CodegenProveOptions): Promise<void> {
  if (options.check === true && options.ledger === undefined)
    throw new CliError('--check compares with a ledger.', 'Name it with --ledger.', 2);
  const partly = options.from !== undefined || options.function !== undefined;
  if (partly && options.ledger !== undefined)
    throw new CliError('a ledger speaks of all functions of the contract.', 'Leave --from and --function out.', 2);
  const { protocol, files } =
    options.from === undefined
      ? await generateFor(context, options)
      : { protocol: await loadProtocol(context, options.protocol), files: await readGenerated(context, options.from) };
  const tool = await framaCVersion(context.signal);
  const report = await prove(context, files, options);
  const ledger = ledgerOf(protocol, files, tool, report);
  printResult(context, options, { ...ledger, unproved: report.unproved }, [
    `${ledger.contract}: ${ledger.proved} of ${ledger.goals} goals proved (${ledger.tool})`,
    ...report.unproved.map((goal) => `  not proved: ${goal}`),
  ]);
  if (report.unproved.length > 0) {
    throw new CliError(
      `${report.unproved.length} goal(s) could not be proved.`,
      'Give the provers longer with --goal-timeout; a goal that stays is a bug of the generator.',
    );
  }
  if (options.ledger === undefined) return;
  const say = (line: string): void => {
    if (options.json !== true) print(context, line);
  };
  if (options.check === true) say(await checkLedger(context, options.ledger, ledger));
  else {
    await writeOutput(pathOf(context, options.ledger), `${JSON.stringify(ledger, undefined, 2)}\n`);
    say(`wrote ${options.ledger}`);
  }
}

async function prove(
  context: CliContext,
  files: readonly GeneratedFile[],
  { goalTimeout, jobs, limitMinutes, function: functions = [] }: CodegenProveOptions,
): Promise<WpReport> {
  const folder = await mkdtemp(join(tmpdir(), 'secure-esp-prove-'));
  try {
    for (const { path, content } of files) await writeFile(join(folder, path), content);
    await writeFile(join(folder, 'proof.h'), PROOF_HEADER);
    const source = files.find(({ path }) => path.endsWith('.c'));
    return await runFramaC({
      source: join(folder, source?.path ?? ''),
      folder,
      functions,
      goalTimeoutSeconds: goalTimeout,
      jobs,
      deadlineMs: limitMinutes * 60_000,
      signal: context.signal,
      onGoal: (done, scheduled) => {
        if (done % 250 === 0) context.stderr.write(`${String(done)} of ${String(scheduled)} goals\n`);
      },
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The C files of a folder. */
async function readGenerated(context: CliContext, folder: string): Promise<readonly GeneratedFile[]> {
  const dir = pathOf(context, folder);
  const names = await readdir(dir).catch((error: unknown) => {
    throw new CliError(
      `folder "${folder}" cannot be read: ${reasonOf(error)}.`,
      'Make it with `secure-esp codegen c`.',
    );
  });
  const files = names.filter((name) => /_(?:protocol|topics)\.[ch]$/.test(name));
  if (files.filter((name) => name.endsWith('.c')).length !== 1)
    throw new CliError(
      `folder "${folder}" does not hold the C of one contract.`,
      'Make it with `secure-esp codegen c`.',
    );
  return Promise.all(files.map(async (path) => ({ path, content: await readFile(join(dir, path), 'utf8') })));
}

/** Other versions of the tools may cut goals differently; what was proved, of which bytes, must be the same. */
async function checkLedger(context: CliContext, path: string, found: ProofLedger): Promise<string> {
  const known = JSON.parse(new TextDecoder().decode(await readInput(context, path, 'ledger'))) as ProofLedger;
  const differing = (['contractHash', 'files', 'options', 'functions'] as const).filter(
    (key) => JSON.stringify(known[key]) !== JSON.stringify(found[key]),
  );
  if (differing.length > 0) {
    const next = `Run \`secure-esp codegen prove --ledger ${path}\` and commit the result.`;
    throw new CliError(`${path} is out of date: ${differing.join(', ')}.`, next);
  }
  return `${path} is up to date`;
}
