// Proves the core that is written by hand free of run-time errors with Frama-C, and compares with the record of it.
//   node prove-core.mjs             proves everything and compares with proof-core.json
//   node prove-core.mjs --update    proves everything and writes proof-core.json
//   node prove-core.mjs --digests   only: does the record speak of the committed bytes? Needs no Frama-C
// Eva runs the whole core under proofs/eva_main.c; what it cannot decide, because it needs a relation between a length and
// a position, is proved by WP. See docs/proofs.md.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { isDeepStrictEqual, parseArgs } from 'node:util';
import { coreFolder, coreSources, generatedSource, testFolder } from './steps/tools.mjs';

const LEDGER = join(coreFolder, 'proof-core.json');
const LIMIT_MS = 1_200_000;
const proofs = join(testFolder, 'proofs');
const sources = coreSources().filter((path) => path !== generatedSource);

/** Proved by WP: these functions by file, each with its contract, its loops and all its calls. */
const WP_FUNCTIONS = {
  'src/sesp_boot.c': [
    ...['same_identity', 'is_excused', 'is_crash', 'block', 'judge', 'report_text', 'report', 'use_installed'],
    ...['use_descriptor', 'load_installed', 'report_again', 'report_interrupted', 'restore_outcome'],
    ...['await_confirmation', 'await_own', 'await_unknown', 'report_rolled_back', 'larger', 'restore_counter'],
    ...['resolve_update', 'resolve_unconfirmed', 'restore_version', 'is_own_record', 'is_settled'],
    ...['pending_run', 'outcome_run', 'resolve', 'sesp_boot_resolve'],
  ],
  'src/sesp_command_settings.c': [
    ...['store', 'done', 'sesp_command_url', 'sesp_command_use_url', 'interval_done', 'sesp_command_interval'],
  ],
  'src/sesp_commands.c': ['refuse_if_busy', 'remember_durably', 'sesp_command_run', 'sesp_command_restart'],
  'src/sesp_confirm.c': [
    ...['sesp_confirm_begin', 'load_own_record', 'store_installed', 'report_update', 'settle', 'confirm'],
    ...['sesp_confirm_roll_back', 'judge_silence', 'sesp_confirm_evaluate'],
  ],
  'src/sesp_correlation.c': ['sesp_correlation_seen', 'sesp_correlation_remember'],
  'src/sesp_download.c': [
    ...['lower', 'is_jose', 'is_tag', 'keep_etag', 'expect_header', 'expect_image', 'expect_rest', 'expect_manifest'],
    ...['expect_file', 'refuse_status', 'judge_response', 'sesp_on_download_response', 'take_version'],
    ...['judge_header', 'begin_writing', 'sesp_on_image_header', 'is_report_due', 'sesp_on_download_progress'],
    ...['start_verification', 'sesp_on_download_complete', 'sesp_on_download_failed'],
  ],
  'src/sesp_image_header.c': ['read_u32', 'read_text', 'sesp_image_header_parse'],
  'src/sesp_install.c': ['check_identity', 'switch_slots', 'sesp_on_image_verified'],
  'src/sesp_jws.c': ['digit_value', 'find_dot', 'sesp_jws_split', 'sesp_base64url_decode'],
  'src/sesp_offer.c': ['sesp_offer_version', 'sesp_offer_header', 'sesp_offer_blocked', 'sesp_offer_unblock_others'],
  'src/sesp_probe.c': ['sesp_probe_start', 'sesp_probe_stop', 'sesp_probe_result'],
  'src/sesp_release.c': ['is_running'],
  'src/sesp_resume.c': [
    ...['is_strong', 'is_wanted', 'use', 'sesp_resume_plan', 'sesp_resume_fits', 'reusable', 'store'],
    ...['sesp_resume_keep', 'sesp_resume_forget'],
  ],
  'src/sesp_retry.c': [
    ...['is_lost_connection', 'has_attempt_left', 'wait', 'sesp_retry_or_fail', 'sesp_retry_from_start'],
  ],
  'src/sesp_run.c': [
    ...['sesp_run_active', 'sesp_run_reason', 'sesp_run_number', 'sesp_run_ask', 'sesp_run_report'],
    ...['sesp_run_outcome', 'sesp_run_abort', 'sesp_run_none_newer'],
  ],
  'src/sesp_schedule.c': [
    ...[
      'sesp_now',
      'sesp_schedule_first_check',
      'sesp_schedule_next_check',
      'sesp_schedule_repeat',
      'sesp_schedule_restart',
      'sesp_random_below',
      'sesp_backoff',
    ],
    ...['sesp_restart_now', 'run_unasked', 'sesp_on_tick', 'is_transient', 'earlier', 'sesp_next_tick_ms'],
  ],
  'src/sesp_settings.c': ['load', 'load_url', 'sesp_settings_load', 'sesp_settings_url'],
  'src/sesp_text.c': [
    ...['sesp_bytes_assign', 'sesp_bytes_clear', 'sesp_bytes_same', 'sesp_text_add', 'sesp_text_assign'],
    ...['sesp_text_add_u32', 'sesp_text_clear', 'sesp_text_length', 'sesp_text_same', 'sesp_text_copy'],
    ...['sesp_text_printable', 'hex_value', 'sesp_text_hex', 'sesp_text_unhex', 'sesp_text_begin'],
  ],
  'src/sesp_version.c': [
    ...['is_digit', 'is_identifier_char', 'read_number', 'are_identifiers', 'is_dirty', 'read_describe', 'read_suffix'],
    ...['length_before_build', 'sesp_version_parse', 'sign_of', 'identifier_length', 'compare_identifier'],
    ...['compare_pre', 'sesp_version_compare'],
  ],
};
/**
 * Of these, WP makes a goal of each part of a contract and each way to it: the provers do not find the whole. The others
 * are proved as they are, which is ten times as few goals.
 */
const SPLIT = [
  'begin_writing',
  'expect_file',
  'expect_header',
  'expect_image',
  'expect_manifest',
  'expect_rest',
  'interval_done',
  'judge_header',
  'judge_response',
  'judge_silence',
  'keep_etag',
  'load_own_record',
  'refuse_status',
  'report_again',
  'resolve',
  'sesp_command_restart',
  'sesp_command_run',
  'sesp_command_url',
  'sesp_command_use_url',
  'sesp_confirm_evaluate',
  'sesp_on_download_complete',
  'sesp_on_download_progress',
  'sesp_on_download_response',
  'sesp_on_image_header',
  'sesp_on_image_verified',
  'sesp_on_tick',
  'sesp_retry_or_fail',
  'sesp_run_ask',
  'take_version',
  'use_installed',
];
/** What Eva may leave open, because WP proves it: all of these files, and of others these properties. */
const PROVED_BY_WP = [
  /^src\/sesp_(jws|version)\.c: /,
  /^src\/sesp_(offer|release)\.c: function sesp_version_compare: precondition /,
  /^src\/sesp_command_settings\.c: function store: precondition /,
  /^src\/sesp_(download|text)\.c: loop invariant /,
  /^src\/sesp_boot\.c: function is_own_record: postcondition /,
  /^src\/sesp_(download|install)\.c: function sesp_offer_blocked: precondition /,
  /^private\/sesp_internal\.h: function sesp_random_below: postcondition /,
  /: function sesp_(bytes|text)_(add|assign|clear|same|length): postcondition /,
];

const COMMON = [
  '-c11',
  '-machdep',
  'gcc_x86_32',
  '-kernel-warn-key',
  'typing:incompatible-types-call=inactive,typing:incompatible-pointer-types=inactive,annot:missing-spec=inactive',
];
/** How many states Eva keeps apart in the loops over texts. */
const STATES = {
  is_jose: 20,
  is_strong: 80,
  keep_etag: 80,
  look_text: 600,
  sesp_blob_get_text: 90,
  sesp_bytes_assign: 60,
  sesp_bytes_clear: 60,
  sesp_bytes_same: 60,
  sesp_text_add: 300,
  sesp_text_add_u32: 12,
  sesp_text_assign: 300,
  sesp_text_clear: 300,
  sesp_text_length: 420,
  sesp_text_printable: 700,
};
const EVA = [
  '-eva',
  ...['-main', 'eva_main'],
  ...['-eva-precision', '0'],
  ...['-eva-slevel', '5'],
  ...['-eva-split-return', 'auto'],
  ...['-eva-plevel', '5000'],
  ...['-eva-auto-loop-unroll', '12'],
  ...[
    '-eva-slevel-function',
    Object.entries(STATES)
      .map((entry) => entry.join(':'))
      .join(','),
  ],
  ...['-eva-use-spec', 'sesp_version_parse,sesp_version_compare'],
];
const WP = [
  '-wp',
  '-wp-rte',
  '-warn-unsigned-overflow',
  '-warn-unsigned-downcast',
  '-warn-signed-downcast',
  ...['-wp-prover', 'cvc4,z3'],
];
const WP_LIMITS = ['-wp-timeout', '20', '-wp-par', '2', '-wp-cache', 'none'];

/** C and its annotations, without other comments, line breaks and indentation. */
const meaningOf = (text) =>
  text
    .replace(/'(?:\\.|[^'\\])'|"(?:\\.|[^"\\])*"|\/\*(?!@)[\s\S]*?\*\//g, (part) =>
      part.startsWith('/*') ? ' ' : part,
    )
    .replace(/\s+/g, ' ');

function digests() {
  const folders = ['src', 'private', 'include'].map((name) => join(coreFolder, name));
  const files = [...folders, proofs].flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  const paths = [
    ...files,
    join(coreFolder, 'generated/secure_esp_protocol.h'),
    join(coreFolder, 'generated/secure_esp_topics.h'),
  ];
  return Object.fromEntries(
    paths
      .map((path) => [
        relative(coreFolder, path),
        createHash('sha256')
          .update(meaningOf(readFileSync(path, 'utf8')))
          .digest('hex'),
      ])
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  );
}

/** Runs Frama-C in the core's folder; resolves with what it printed. Its provers end with it. */
function framaC(args, files, model) {
  const include = ['include', 'generated', 'private'].map((name) => `-I${join(coreFolder, name)}`).join(' ');
  const cpp = `-cpp-extra-args=${include} ${model} -std=c11`;
  return new Promise((resolve, reject) => {
    const child = spawn('frama-c', [...COMMON, cpp, ...args, ...files], {
      cwd: coreFolder,
      env: { ...process.env, PWD: coreFolder }, // Frama-C believes it more than the real one
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stop = () => process.kill(-child.pid, 'SIGKILL');
    const timer = setTimeout(stop, LIMIT_MS);
    process.once('SIGINT', stop);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      process.removeListener('SIGINT', stop);
      if (code === 0) resolve(output);
      else reject(new Error(`Frama-C ended with ${String(code)}:\n${output.slice(-2000)}`));
    });
  });
}

/** Eva's alarms, each once, without line numbers. */
async function runEva() {
  const models = readdirSync(proofs)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(proofs, name));
  const output = await framaC(
    EVA,
    [...sources.map((path) => relative(coreFolder, path)), ...models],
    `-include ${join(proofs, 'proof.h')}`,
  );
  const [, functions, total] = /(\d+) functions analyzed \(out of (\d+)\)/.exec(output) ?? [];
  const [, statements] = /(\d+) statements reached/.exec(output) ?? [];
  const alarms = [...output.matchAll(/^\[eva:alarm\] (\S+?):\d+: Warning:\s+([\s\S]*?)(?=\n\[|\n {0,1}\S)/gm)].map(
    ([, file, text]) =>
      `${relative(coreFolder, join(coreFolder, file.replace(`${coreFolder}/`, '')))}: ${text.replace(/\s+/g, ' ').trim()}`,
  );
  if (functions === undefined || statements === undefined) throw new Error('Eva did not come to its end');
  return {
    functions: Number(functions),
    unreached: Number(total) - Number(functions),
    statements: Number(statements),
    leftToWp: [...new Set(alarms)].sort(),
  };
}

/** Proves these functions by name. */
async function proveByWp(names, options) {
  const output = await framaC(
    [...WP, ...options, ...WP_LIMITS, '-wp-fct', names.join(',')],
    Object.keys(WP_FUNCTIONS),
    `-include ${join(proofs, 'wp.h')}`,
  );
  const [, proved, goals] = /Proved goals:\s+(\d+) \/ (\d+)/.exec(output) ?? [];
  if (goals === undefined) throw new Error('WP did not come to its end');
  const failed = [...output.matchAll(/^\[wp\] \[(?!Qed|CVC4|Z3)[^\]]+\] Goal (\w+)/gm)].map(([, goal]) => goal);
  return { goals: Number(goals), proved: Number(proved), unproved: [...new Set(failed)] };
}

async function runWp() {
  const names = Object.values(WP_FUNCTIONS).flat();
  const whole = await proveByWp(
    names.filter((name) => !SPLIT.includes(name)),
    [],
  );
  const split = await proveByWp(SPLIT, ['-wp-split']);
  return {
    goals: whole.goals + split.goals,
    proved: whole.proved + split.proved,
    unproved: [...whole.unproved, ...split.unproved],
    functions: WP_FUNCTIONS,
    split: SPLIT,
  };
}

function fail(...lines) {
  for (const line of lines) console.error(line);
  process.exitCode = 1;
}

function readLedger() {
  return existsSync(LEDGER) ? JSON.parse(readFileSync(LEDGER, 'utf8')) : {};
}

const { values: options } = parseArgs({
  options: { update: { type: 'boolean', default: false }, digests: { type: 'boolean', default: false } },
});
const files = digests();
const recorded = readLedger();
if (options.digests) {
  const other = Object.keys({ ...files, ...recorded.files }).filter((path) => files[path] !== recorded.files?.[path]);
  if (other.length > 0)
    fail('the proof of the core is of other bytes:', ...other, 'run: node firmware/test/prove-core.mjs --update');
  else console.log(`proof of the core: ${String(Object.keys(files).length)} files as they were proved`);
} else {
  const version = spawnSync('frama-c', ['-version'], { encoding: 'utf8' });
  if (version.status !== 0) throw new Error('Frama-C is not installed: tools/setup-test-deps.sh --proofs');
  const started = Date.now();
  const [eva, wp] = await Promise.all([runEva(), runWp()]);
  const ledger = {
    files,
    tool: `Frama-C ${version.stdout.trim()}, Eva and WP with RTE`,
    provers: ['Qed', 'cvc4', 'z3'],
    options: { common: COMMON, eva: EVA, wp: WP },
    eva,
    wp,
  };
  const stray = eva.leftToWp.filter((alarm) => !PROVED_BY_WP.some((pattern) => pattern.test(alarm)));
  console.log(
    `Eva: ${String(eva.functions)} functions, ${String(eva.statements)} statements, ${String(eva.leftToWp.length)} ` +
      `properties left to WP; WP: ${String(wp.proved)} of ${String(wp.goals)} goals ` +
      `(${String(Math.round((Date.now() - started) / 1000))} s)`,
  );
  if (stray.length > 0) fail('alarms of Eva that nothing discharges:', ...stray);
  if (wp.proved !== wp.goals) fail('goals of WP that are not proved:', ...wp.unproved);
  if (process.exitCode === undefined && options.update) {
    const { format } = await import('prettier');
    writeFileSync(LEDGER, await format(JSON.stringify(ledger), { parser: 'json', printWidth: 120 }));
  }
  if (!options.update && !isDeepStrictEqual(ledger, recorded))
    fail('the proof is another one than in proof-core.json: run it with --update and look at the difference');
}
