/** What the bot knows of one device. Times are Unix milliseconds. */
export interface Observed {
  readonly online: boolean;
  /** When something was last heard from it: a log line, a state, a status. */
  readonly heardAt: number;
  /** State of its update run, if one goes on, and since when it is the same with the same progress. */
  readonly update: { readonly state: string; readonly since: number } | undefined;
}

/** When a device counts as stuck, and how patient the bot is. Milliseconds. */
export interface Limits {
  /** Online, and nothing heard for so long. `undefined`: silence is normal for this firmware. */
  readonly silentMs: number | undefined;
  /** An update without progress for so long. */
  readonly updateStalledMs: number;
  /** Between two restarts of one device: this, doubled with each restart of the last day. */
  readonly pauseMs: number;
  /** Restarts of one device within 24 hours; then a person has to look at it. */
  readonly restartsPerDay: number;
}

export type Verdict =
  | { readonly do: 'nothing' }
  /** Stuck, but restarted not long ago. */
  | { readonly do: 'wait'; readonly why: string; readonly until: number }
  | { readonly do: 'restart'; readonly why: string }
  /** Restarting does not help this one. */
  | { readonly do: 'give up'; readonly why: string };

export const DAY_MS = 86_400_000;

/** The device works on these by itself; in all other states there is nothing to get stuck in. */
const GOES_ON = new Set(['checking', 'downloading', 'verifying', 'rebooting', 'pending_confirm']);
export const isUnderWay = (state: string): boolean => GOES_ON.has(state);

/** Decides about one device. `restarts` are the times of its restarts by the bot, the oldest first. */
export function judge(observed: Observed, restarts: readonly number[], limits: Limits, now: number): Verdict {
  const why = stuck(observed, limits, now);
  if (why === undefined) return { do: 'nothing' };
  const recent = restarts.filter((at) => now - at < DAY_MS);
  const last = recent.at(-1);
  if (last === undefined) return { do: 'restart', why };
  // What was heard before the restart says nothing about the time after it.
  if (recent.length >= limits.restartsPerDay) return { do: 'give up', why };
  const until = last + limits.pauseMs * 2 ** (recent.length - 1);
  return now < until ? { do: 'wait', why, until } : { do: 'restart', why };
}

function stuck({ online, heardAt, update }: Observed, limits: Limits, now: number): string | undefined {
  // Nobody hears a command to a device that is not there; its broker or network is somebody else's problem.
  if (!online) return undefined;
  if (update !== undefined && now - update.since >= limits.updateStalledMs) return `${update.state} without progress`;
  if (limits.silentMs !== undefined && now - heardAt >= limits.silentMs) return 'silent';
  return undefined;
}
