/** What the command line says when it cannot go on: one sentence and a next step. */
export class CliError extends Error {
  override readonly name = 'CliError';
  constructor(
    message: string,
    /** What to do next, one sentence. */
    readonly nextStep?: string,
    readonly exitCode = 1,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Next steps for error codes of the libraries below; the sentence itself is the library's. */
const NEXT_STEPS: Readonly<Record<string, string>> = {
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
  unreachable: 'Check that the broker runs and that `--url` names it.',
  tls: 'Check that `--dir` holds the certificates of this broker.',
  device_offline: 'Check the device with `secure-esp device watch ID`.',
  version_unparsable: 'State the version with `--image-version X.Y.Z`.',
  same_version: 'Raise the version of the image.',
  lower_version: 'Raise the version of the image.',
  not_an_image: 'See what it is with `secure-esp image info FILE`.',
  merged_image: 'Carve it out with `secure-esp image extract FILE -o app.bin`.',
  unsigned: 'Sign it with `secure-esp image sign FILE`.',
  untrusted_key: 'Sign it with a key of this PKI: `secure-esp image sign FILE`.',
};

/** One sentence and a next step for any error. `verbose` adds the stack and the causes. */
export function presentError(error: unknown, verbose: boolean): { text: string; exitCode: number } {
  const exitCode = error instanceof CliError ? error.exitCode : 1;
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  const nextStep = error instanceof CliError ? error.nextStep : code === undefined ? undefined : NEXT_STEPS[code];
  const lines = [`secure-esp: ${message}${code === undefined ? '' : ` (${code})`}`];
  if (nextStep !== undefined) lines.push(nextStep);
  if (verbose && error instanceof Error) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      lines.push(cause.stack ?? cause.message);
  }
  return { text: lines.join('\n'), exitCode };
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error instanceof CliError) return undefined;
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : undefined;
}
