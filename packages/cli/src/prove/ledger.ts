import { createHash } from 'node:crypto';
import type { Protocol } from '@secure-esp/protocol';
import type { GeneratedFile } from '@secure-esp/protocol/codegen';
import { PROVERS, WP_OPTIONS } from './run-frama-c.js';
import type { WpReport } from './wp-report.js';

/** The record of a proof: of which bytes it speaks, what was shown, and under which assumptions. */
export interface ProofLedger {
  readonly contract: string;
  readonly contractHash: string;
  /** SHA-256 of each file. */
  readonly files: Readonly<Record<string, string>>;
  readonly tool: string;
  readonly provers: readonly string[];
  readonly options: readonly string[];
  readonly assumptions: readonly string[];
  readonly goals: number;
  readonly proved: number;
  /** Goals of each function. */
  readonly functions: Readonly<Record<string, number>>;
}

const ASSUMPTIONS: readonly string[] = [
  'int, long and pointers have 32 bits and plain char is unsigned, as on every ESP32 (Xtensa and RISC-V)',
  "WP's typed memory model: memory is accessed by one type only, and members of different options of a union are apart",
  'pointer arguments are apart from the constant tables of the file (in the functions under "separation")',
  'a bool holds 0 or 1; no local is read before it is written, which is left to compilers and sanitizers',
  'callers keep the "requires" of the public functions: valid buffers of the stated sizes that do not overlap',
];

/** What `codegen prove --ledger` writes. */
export function ledgerOf(
  protocol: Protocol,
  files: readonly GeneratedFile[],
  tool: string,
  report: WpReport,
): ProofLedger & { readonly separation: readonly string[] } {
  const functions = [...report.functions].sort(([one], [other]) => (one < other ? -1 : 1));
  const total = (part: 'goals' | 'proved'): number => functions.reduce((sum, [, counts]) => sum + counts[part], 0);
  return {
    contract: `${protocol.name} version ${String(protocol.version)}`,
    contractHash: protocol.contractHash,
    files: Object.fromEntries(
      files.map(({ path, content }) => [path, createHash('sha256').update(content).digest('hex')]),
    ),
    tool: `Frama-C ${tool}, WP with RTE`,
    provers: ['Qed', ...PROVERS],
    options: WP_OPTIONS,
    assumptions: ASSUMPTIONS,
    goals: total('goals'),
    proved: total('proved'),
    functions: Object.fromEntries(functions.map(([name, { goals }]) => [name, goals])),
    separation: [...report.assumingSeparation].sort(),
  };
}
