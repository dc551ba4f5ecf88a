import type { ConnectionChange } from '@secure-esp/device-client';
import type { CliContext } from '../context.js';

/** Tells on standard error when a connection that should stay goes and comes: silence would look like quiet devices. */
export function sayConnection({ stderr }: CliContext): (change: ConnectionChange) => void {
  let lost = false;
  return (change) => {
    if (change.state === 'reconnecting' && !lost) {
      lost = true;
      stderr.write(`(the connection to the broker is lost: ${change.error.message}; trying again)\n`);
    } else if (change.state === 'connected' && lost) {
      lost = false;
      stderr.write('(connected again; log lines of the meantime are lost)\n');
    }
  };
}
