import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { ProofLedger } from '../src/prove/ledger.js';
import { WpOutputReader } from '../src/prove/wp-report.js';
import { runMain, temporaryFolder } from './run-main.js';

const core = fileURLToPath(new URL('../../../firmware/components/secure_esp_core/', import.meta.url));
const hasFramaC = spawnSync('frama-c', ['-version']).status === 0;

/** Output of Frama-C 25.0, shortened. */
const OUTPUT = `[kernel] Parsing x.c (with preprocessing)
[wp] Running WP plugin...
[rte:annot] annotating function json_skip
[rte:annot] annotating function json_skip_value
[wp] 4 goals scheduled
[wp] [Qed] Goal typed_json_skip_ensures : Valid (2ms)
[wp] [CVC4 1.8] Goal typed_json_skip_value_loop_variant_decrease : Valid (Qed:3ms) (30ms) (15873)
[wp] [Failed] Goal typed_json_skip_value_assert_rte_mem_access
  Z3 4.8.12: Timeout (Qed:4ms) (10s)
  CVC4 1.8: Unknown (Qed:4ms)
[wp] [Z3 4.8.12] Goal typed_json_skip_value_assigns_part1 : Valid (Qed:3ms) (10ms)
[wp] Proved goals:    3 / 4
[wp] x.c:494: Warning:
  Memory model hypotheses for function 'json_skip_value':`.split('\n');

describe('the output of WP', () => {
  const read = (lines: readonly string[]): ReturnType<WpOutputReader['finish']> => {
    const reader = new WpOutputReader();
    for (const line of lines) reader.read(line);
    return reader.finish();
  };

  test('is counted by function: the longest name that fits owns a goal', () => {
    const report = read(OUTPUT);
    expect([...(report?.functions ?? [])]).toEqual([
      ['json_skip', { goals: 1, proved: 1 }],
      ['json_skip_value', { goals: 3, proved: 2 }],
    ]);
    expect(report?.unproved).toEqual(['typed_json_skip_value_assert_rte_mem_access']);
    expect(report?.assumingSeparation).toEqual(['json_skip_value']);
  });

  test.each([
    ['without a summary', OUTPUT.filter((line) => !line.includes('Proved goals'))],
    ['whose summary says another number', OUTPUT.filter((line) => !line.includes('[Qed]'))],
  ])('%s is no report', (_what, lines) => {
    expect(read(lines)).toBeUndefined();
  });
});

describe('codegen prove', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('says how to install Frama-C where it is missing', async () => {
    vi.stubEnv('PATH', '/nonexistent');
    const { exitCode, stdout, stderr } = await runMain(await temporaryFolder(), ['codegen', 'prove']);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain('Frama-C is not installed.');
    expect(stderr).toContain('apt-get install frama-c-base why3 cvc4 z3');
  });

  test.each([
    [['--check'], 'Name it with --ledger'],
    [['--ledger', 'x.json', '--function', 'json_at'], 'Leave --from and --function out'],
    [['--ledger', 'x.json', '--from', '.'], 'Leave --from and --function out'],
  ])('refuses %j', async (options, nextStep) => {
    const { exitCode, stderr } = await runMain(await temporaryFolder(), ['codegen', 'prove', ...options]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(nextStep);
  });

  test.each([['no-such-folder'], ['.']])('refuses --from %s, which holds no generated C', async (from) => {
    const { exitCode, stderr } = await runMain(await temporaryFolder(), ['codegen', 'prove', '--from', from]);
    expect(exitCode).toBe(1);
    expect(stderr).toContain('secure-esp codegen c');
  });

  const proving = test.skipIf(!hasFramaC);
  proving('proves a function, and finds the fault in a changed one', { timeout: 300_000 }, async () => {
    const dir = await temporaryFolder();
    await runMain(dir, ['codegen', 'c', '--out', '.']);
    const prove = ['codegen', 'prove', '--from', '.', '--function', 'json_space', '--goal-timeout', '5'];
    const good = await runMain(dir, prove);
    expect([good.exitCode, good.stderr]).toEqual([0, '']);
    expect(good.stdout).toMatch(/secure-esp version 1: (\d+) of \1 goals proved \(Frama-C /);

    const file = join(dir, 'secure_esp_protocol.c');
    const source = await readFile(file, 'utf8');
    await writeFile(file, source.replace('while (at < json->len && json->data[at] <=', 'while (json->data[at] <='));
    const bad = await runMain(dir, prove);
    expect(bad.exitCode).toBe(1);
    expect(bad.stdout).toContain('not proved: typed_json_space_assert_rte_mem_access');
    expect(bad.stderr).toContain('could not be proved');
  });
});

describe('the ledger of the firmware', () => {
  test('speaks of the C that is committed, and every goal is proved', async () => {
    const ledger = JSON.parse(await readFile(join(core, 'proof.json'), 'utf8')) as ProofLedger;
    for (const [path, digest] of Object.entries(ledger.files)) {
      const content = await readFile(join(core, 'generated', path));
      expect([path, createHash('sha256').update(content).digest('hex')]).toEqual([path, digest]);
    }
    expect(Object.keys(ledger.files)).toHaveLength(3);
    expect(ledger.proved).toBe(ledger.goals);
    expect(Object.values(ledger.functions).reduce((sum, goals) => sum + goals, 0)).toBe(ledger.goals);
  });

  test('has goals of every function that the C defines', async () => {
    const ledger = JSON.parse(await readFile(join(core, 'proof.json'), 'utf8')) as ProofLedger;
    const source = await readFile(join(core, 'generated/secure_esp_protocol.c'), 'utf8');
    const defined = [...source.matchAll(/^[a-z][^;={}]*?\b(\w+)\([^;{}]*\)\n\{/gm)].map(([, name]) => name ?? '');
    expect(defined.length).toBeGreaterThan(90);
    expect(defined.filter((name) => (ledger.functions[name] ?? 0) === 0)).toEqual([]);
  });
});
