import type { Style } from './terminal/style.js';

/** What a {@link CliError} carries beside its sentence and exit code. */
export interface CliErrorOptions extends ErrorOptions {
  /** For programs, with `--json`. Default: `usage` with exit code 2, else `failed`. */
  readonly code?: string;
}

/** What the command line says when it cannot go on: one sentence and a next step. */
export class CliError extends Error {
  override readonly name = 'CliError';
  /** For programs: the `code` of the line that `--json` writes on standard error. */
  readonly code: string;
  constructor(
    message: string,
    /** What to do next, one sentence. */
    readonly nextStep?: string,
    /** 1: refused or failed; 2: wrong usage, and nothing was done. */
    readonly exitCode = 1,
    { code = exitCode === 2 ? 'usage' : 'failed', ...options }: CliErrorOptions = {},
  ) {
    super(message, options);
    this.code = code;
  }
}

const SEE_HELP = 'Run with --help for what it takes.';
const CHECK_PEM = 'Check that the file is the one that was meant, and whole.';
const BUILD_AGAIN = 'Build or copy the image again: this one is damaged.';

/** Next steps for error codes of the libraries below; the sentence itself is the library's. */
const NEXT_STEPS: Readonly<Record<string, string>> = {
  ERR_PKI_OPTION: SEE_HELP,
  ERR_PKI_NAME: SEE_HELP,
  ERR_PKI_SAN: SEE_HELP,
  ERR_PKI_VALIDITY: SEE_HELP,
  ERR_PKI_ROLE: 'See whose certificates there are with `secure-esp pki list`.',
  ERR_PKI_CSR: 'Make one with `openssl req -new -key KEY -subj /CN=NAME -out FILE`.',
  ERR_PKI_KEY: CHECK_PEM,
  ERR_PKI_PEM: CHECK_PEM,
  ERR_PKI_CERTIFICATE: CHECK_PEM,
  ERR_PKI_NOT_CA: CHECK_PEM,
  ERR_PKI_PASSPHRASE: 'Give the passphrase that the key was encrypted with.',
  ERR_PKI_EXISTS: 'Name another file, or move it away.',
  ERR_PKI_STORE: 'Put the file back from a copy of the folder.',
  ERR_PKI_CRL: 'Issue the lists anew with `secure-esp pki crl --days 30`.',
  ERR_PKI_EST_REPLY: 'Check that the URL is that of `secure-esp est serve`.',
  ERR_PKI_NOT_FOUND: 'Make it with `secure-esp pki init` (with `--chip` for the firmware key of another chip).',
  ERR_PKI_UNKNOWN_DEVICE: 'Make its certificate with `secure-esp pki init --device ID`.',
  ERR_PKI_UNKNOWN_SERIAL: 'See what was issued with `secure-esp pki list`.',
  ERR_PKI_REVOKED: 'Make a new pair with `secure-esp pki renew NAME --dangerously-replace-key`.',
  ERR_PKI_CLAIM: 'Revoke it with `secure-esp pki revoke NAME`, or add `--reprovision`.',
  ERR_PKI_EST_REFUSED: 'See `secure-esp pki claims` and `secure-esp pki show NAME` at the authority.',
  ERR_PKI_EST_UNAVAILABLE:
    'Check that `secure-esp est serve` runs and that the URL and the CA are its own; then try again.',
  ERR_PKI_ROLLOVER: 'See what comes next with `secure-esp pki rollover status`.',
  mosquitto_missing: 'Install it (`apt-get install mosquitto`) or use `--broker embedded`.',
  port_taken: 'Choose another port, or stop the program that holds it.',
  unreachable: 'Check that the broker runs (`secure-esp broker run`) and that `--url` names it.',
  tls: 'Check that `--url` names an MQTT listener with TLS, and that `--dir` holds the certificates of this broker.',
  refused:
    'Check that `--url` names the operators’ listener of an MQTT 5 broker (8883), and `--dir` holds its certificates.',
  denied: 'Write the broker’s access rules anew with `secure-esp broker config`.',
  deadline: 'Check that the device is connected with `secure-esp device watch ID`, or wait longer.',
  ERR_PKI_EXPIRED: 'A CA that is over is replaced with `secure-esp pki rollover`; see `secure-esp pki list`.',
  ERR_PKI_IO: 'Check the folder, who may write to it, and the free space.',
  ERR_PKI_LOCKED: 'Wait until the other run on this folder has ended, then try again.',
  device_offline: 'Check the device with `secure-esp device watch ID`.',
  version_unparsable: 'State the version with `--image-version X.Y.Z`.',
  same_version: 'Raise the version of the image.',
  lower_version: 'Raise the version of the image.',
  not_an_image: 'See what it is with `secure-esp image info FILE`.',
  merged_image: 'Carve it out with `secure-esp image extract FILE -o app.bin`.',
  unsigned: 'Sign it with `secure-esp image sign FILE`.',
  bad_signature: 'Sign it with a key of this PKI: `secure-esp image sign FILE`.',
  truncated: BUILD_AGAIN,
  bad_checksum: BUILD_AGAIN,
  bad_hash: BUILD_AGAIN,
  trailing_data: BUILD_AGAIN,
  wrong_chip: 'See which chip it is for with `secure-esp image info FILE`.',
  too_large: 'See how large it is with `secure-esp image info FILE`.',
  already_signed: 'Add a signature with `--append`, or take those away that are there with `--replace`.',
  unsupported_scheme: 'See what the chip verifies with `secure-esp image info FILE`, or leave --scheme out.',
  contains_private_key:
    'Take the key out of the firmware, and make a new one: this one is known to all who have the image.',
  bad_key: CHECK_PEM,
  bad_option: SEE_HELP,
  ENOSPC: 'Make room on the disk, then try again: what was written is whole, and the next run completes it.',
  EDQUOT: 'Make room on the disk, then try again: what was written is whole, and the next run completes it.',
  EACCES: 'Check who owns the folder, or name another one.',
  EPERM: 'Check who owns the folder, or name another one.',
  EROFS: 'Name a folder on a file system that can be written to.',
  EADDRINUSE: 'Choose another port, or stop the program that holds it.',
  EADDRNOTAVAIL: 'Choose an address of this machine with `--host`.',
  ENOTFOUND: 'Check the name and the network.',
  EAI_AGAIN: 'Check the network: names cannot be looked up.',
  ECONNREFUSED: 'Check that the server runs, and the port.',
  untrusted_key: 'Sign it with a key of this PKI: `secure-esp image sign FILE`.',
};

/** Reasons of the operating system for which Node.js has only the name of a system call. */
const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space left on the disk',
  EDQUOT: 'the quota of the disk is used up',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EROFS: 'the file system is read-only',
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of the path is not a folder',
  EISDIR: 'it is a folder',
  EADDRINUSE: 'the port is taken by another program',
  EADDRNOTAVAIL: 'no address of this machine',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'names cannot be looked up',
  ECONNREFUSED: 'nothing listens there',
};

/** What an error is to a person or a program. */
export interface ErrorFacts {
  /** Of the library that failed, of the operating system, or a {@link CliError}’s. */
  readonly code: string;
  /** One sentence, without the code. */
  readonly message: string;
  readonly nextStep: string | undefined;
  readonly exitCode: number;
}

/** Looks up what to say of an error. */
export function factsOf(error: unknown): ErrorFacts {
  if (error instanceof CliError) {
    const { code, message, nextStep, exitCode } = error;
    return { code, message, nextStep, exitCode };
  }
  const code = codeOf(error);
  return {
    code: code ?? 'failed',
    message: systemSentence(error) ?? (error instanceof Error ? error.message : String(error)),
    nextStep: code === undefined ? undefined : (NEXT_STEPS[code] ?? nextStepOfCause(error)),
    exitCode: 1,
  };
}

/** What `--json` prints of an error, on standard error. */
export const errorDocument = ({ code, message, nextStep }: Omit<ErrorFacts, 'exitCode'>): object => ({
  error: { code, message, ...(nextStep === undefined ? {} : { nextStep }) },
});

/** One sentence and a next step for any error. `verbose` adds the stack and the causes. */
export function presentError(
  error: unknown,
  verbose: boolean,
  style: Pick<Style, 'red' | 'dim'> = PLAIN,
): { text: string; exitCode: number } {
  const { message, nextStep, exitCode } = factsOf(error);
  const code = error instanceof CliError ? undefined : codeOf(error);
  const lines = [`${style.red('secure-esp:')} ${message}${code === undefined ? '' : ` (${code})`}`];
  if (nextStep !== undefined) lines.push(nextStep);
  if (verbose && error instanceof Error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      lines.push(style.dim(cause.stack ?? cause.message));
  }
  return { text: lines.join('\n'), exitCode };
}

const PLAIN = { red: (text: string): string => text, dim: (text: string): string => text };

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : undefined;
}

/** What an error of the operating system says in words: `out: permission denied`. */
function systemSentence(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error)) return undefined;
  const { code, path, address, port, hostname } = error as NodeJS.ErrnoException & {
    readonly address?: string;
    readonly port?: number;
    readonly hostname?: string;
  };
  const reason = code === undefined ? undefined : SYSTEM_REASONS[code];
  if (reason === undefined) return undefined;
  const where = path ?? hostname ?? (port === undefined ? address : `${address ?? ''}:${String(port)}`);
  return where === undefined ? reason : `${where}: ${reason}`;
}

/** A full disk is a full disk, whichever library was writing. */
function nextStepOfCause(error: unknown): string | undefined {
  for (let cause = (error as Error).cause; cause instanceof Error; cause = cause.cause) {
    const code = codeOf(cause);
    const step = code === undefined ? undefined : NEXT_STEPS[code];
    if (step !== undefined) return step;
  }
  return undefined;
}
