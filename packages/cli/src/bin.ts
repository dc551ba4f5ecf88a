import { fileURLToPath } from 'node:url';
import { presentError } from './errors.js';
import { main } from './main.js';

const aborted = new AbortController();
let stopping = false;

/** The first signal closes everything; a second one means the user will not wait. */
const onSignal = (name: NodeJS.Signals, exitCode: number): void => {
  process.on(name, () => {
    if (stopping) process.exit(exitCode);
    stopping = true;
    process.exitCode = exitCode;
    aborted.abort(new Error(`stopped by ${name}`));
  });
};
onSignal('SIGINT', 130);
onSignal('SIGTERM', 143);
// `secure-esp … | head`: the reader went away, which ends the command without a stack trace.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`${presentError(error, false).text}\n`);
  process.exit(1);
});

const exitCode = await main(process.argv.slice(2), {
  cwd: process.cwd(),
  stdout: process.stdout,
  stderr: process.stderr,
  signal: aborted.signal,
  otaWorker: fileURLToPath(new URL('./ota-worker.js', import.meta.url)),
});
// After a signal its own exit code stands.
if (!aborted.signal.aborted) process.exitCode = exitCode;
