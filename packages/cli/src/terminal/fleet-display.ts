import cliProgress from 'cli-progress';
import type { CliContext } from '../context.js';
import type { FleetCounts } from '../sim/fleet-tally.js';

export interface FleetDisplay {
  /** Starts to show what `counts` tells. */
  readonly close: () => void;
}

const LOOK_EVERY_MS = 250;
const LINE_EVERY_LOOKS = 8;

/**
 * How far a fleet is, on standard error, where it does not mix with the result: one line that changes on a terminal;
 * elsewhere a line every two seconds, where something changed.
 */
export function showFleet(context: CliContext, counts: () => FleetCounts): FleetDisplay {
  const isTerminal = (context.stderr as { readonly isTTY?: boolean }).isTTY === true;
  const { look, close } = isTerminal ? bar(context, counts) : lines(context, counts);
  const timer = setInterval(look, LOOK_EVERY_MS);
  let open = true;
  return {
    close() {
      if (!open) return;
      open = false;
      clearInterval(timer);
      close();
    },
  };
}

interface Form {
  readonly look: () => void;
  readonly close: () => void;
}

function bar({ stderr }: CliContext, counts: () => FleetCounts): Form {
  const format = '[{bar}] connected {value}/{total}  updating {updating}  confirmed {confirmed}  failed {failed}';
  const single = new cliProgress.SingleBar(
    { format, barsize: 20, stream: stderr, gracefulExit: false, hideCursor: false },
    cliProgress.Presets.shades_grey,
  );
  const payload = ({ updating, confirmed, failedRuns, dead }: FleetCounts): object => ({
    updating,
    confirmed,
    failed: failedRuns + dead,
  });
  single.start(counts().devices, 0, payload(counts()));
  const look = (): void => {
    single.update(counts().online, payload(counts()));
  };
  return {
    look,
    close: () => {
      look();
      single.stop();
    },
  };
}

function lines({ stderr }: CliContext, counts: () => FleetCounts): Form {
  let last = '';
  let looks = 0;
  const line = (): void => {
    const { devices, online, updating, confirmed, failedRuns, dead } = counts();
    const text = `connected ${online}/${devices}, updating ${updating}, confirmed ${confirmed}, failed ${failedRuns + dead}`;
    if (text !== last) stderr.write(`${text}\n`);
    last = text;
  };
  return {
    look: () => {
      looks += 1;
      if (looks % LINE_EVERY_LOOKS === 0) line();
    },
    close: line,
  };
}
