import type { Protocol } from '@secure-esp/protocol';
import type { CliContext } from '../../context.js';

/** `skip`: could not be looked at, for the reason that its message gives. */
export const VERDICTS = ['ok', 'warn', 'fail', 'skip'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** What one look found. */
export interface CheckResult {
  /** Stays the same as long as the check means the same; what it is about follows a colon. */
  readonly id: string;
  readonly verdict: Verdict;
  /** One sentence. */
  readonly message: string;
  /** What to do, one sentence. There is one for `warn` and `fail`. */
  readonly nextStep?: string;
}

/** What the checks look at. */
export interface DoctorWorld {
  readonly context: CliContext;
  /** Root of the certificate tree, absolute. */
  readonly dir: string;
  /** Folder of the releases, absolute. */
  readonly firmware: string;
  readonly operatorUrl: URL;
  readonly deviceUrl: URL;
  readonly otaUrl: URL;
  readonly protocol: Protocol;
  readonly now: () => Date;
  /** Of Node.js, `20.19.0`. */
  readonly nodeVersion: string;
  /** Folder of this program’s code: the nearest package.json above it says which packages it needs. */
  readonly programDir: string;
  /** For one look at a server, milliseconds. */
  readonly deadlineMs: number;
}

export interface Check {
  readonly id: string;
  /** Left out by `--offline`. */
  readonly network: boolean;
  /** What it throws counts as `fail`. */
  readonly run: (world: DoctorWorld, signal: AbortSignal) => Promise<readonly CheckResult[]>;
}

export const ok = (id: string, message: string): CheckResult => ({ id, verdict: 'ok', message });
export const skip = (id: string, message: string): CheckResult => ({ id, verdict: 'skip', message });
export const warn = (id: string, message: string, nextStep: string): CheckResult => ({
  ...{ id, verdict: 'warn', message, nextStep },
});
export const fail = (id: string, message: string, nextStep: string): CheckResult => ({
  ...{ id, verdict: 'fail', message, nextStep },
});
