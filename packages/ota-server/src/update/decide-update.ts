import { compareVersions, parseVersion } from '@secure-esp/firmware-image';
import type { Release } from './release.js';

/** What a device says it runs. */
export interface RunningFirmware {
  readonly project: string;
  /** Chip name as in `esp32c3`. */
  readonly chip: string;
  /** In the contract's version grammar; with any other text nothing is offered. */
  readonly version: string;
  /** Image identity, hex. */
  readonly image?: string;
  /** Anti-rollback counter, if known. Default: that of the candidate with the same `image`, else not compared. */
  readonly secureVersion?: number;
}

/**
 * Why a release is not offered.
 * - `wrong_project`, `wrong_chip`: it is for other devices
 * - `same_image`: it is what runs, whatever its version is called
 * - `not_newer`: its version is not strictly higher
 * - `version_unparsable`: one of the two versions cannot be compared
 * - `not_from`: it is an update from other versions only (`from`)
 * - `secure_version`: its anti-rollback counter is lower; the device would refuse it
 * - `expired`: nobody vouches for it any more
 */
export type NotOffered =
  | 'wrong_project'
  | 'wrong_chip'
  | 'same_image'
  | 'not_newer'
  | 'version_unparsable'
  | 'not_from'
  | 'secure_version'
  | 'expired';

/** The release to offer to a device, or why there is none. */
export type UpdateDecision =
  | { readonly offer: true; readonly release: Release }
  /** `reason`: of the newest candidate; `no_release` when there is none. */
  | { readonly offer: false; readonly reason: NotOffered | 'no_release' };

/** What {@link decideUpdate} decides by. */
export interface DecideUpdateOptions {
  /** What the device says of itself. */
  readonly running: RunningFirmware;
  /** Releases of one channel, in any order. */
  readonly candidates: readonly Release[];
  /** Compared with the end of each release. */
  readonly now: Date;
}

/**
 * What to offer to a device: the highest version that it may install, the latest release (`seq`) of equal ones. Pure:
 * no clock, no store. The device decides again by itself; a server's offer only saves or costs a download.
 */
export function decideUpdate({ running, candidates, now }: DecideUpdateOptions): UpdateDecision {
  const newestFirst = [...candidates].sort(byVersion).reverse();
  const secureVersion = running.secureVersion ?? secureVersionOf(running.image, candidates);
  const known = { ...running, ...(secureVersion === undefined ? {} : { secureVersion }) };
  const verdicts = newestFirst.map((release) => judge(known, release, now));
  const offered = newestFirst[verdicts.indexOf(undefined)];
  if (offered !== undefined) return { offer: true, release: offered };
  // "It is what runs" explains more than "an older one is not newer" when both are true.
  const reason = verdicts.find((verdict) => verdict === 'same_image') ?? verdicts[0] ?? 'no_release';
  return { offer: false, reason };
}

/** Order of releases: unparsable versions first, then by version, then by `seq`. */
export function byVersion(a: Release, b: Release): number {
  const left = parseVersion(a.version);
  const right = parseVersion(b.version);
  if (left === undefined || right === undefined) {
    return Number(left !== undefined) - Number(right !== undefined) || a.seq - b.seq;
  }
  return compareVersions(left, right) || a.seq - b.seq;
}

/** The newest release, `undefined` for none. */
export const newestOf = (releases: readonly Release[]): Release | undefined => [...releases].sort(byVersion).at(-1);

function judge(running: RunningFirmware, release: Release, now: Date): NotOffered | undefined {
  if (release.project !== running.project) return 'wrong_project';
  if (release.chip !== running.chip) return 'wrong_chip';
  if (release.image === running.image) return 'same_image';
  const current = parseVersion(running.version);
  const offered = parseVersion(release.version);
  if (current === undefined || offered === undefined) return 'version_unparsable';
  if (compareVersions(offered, current) <= 0) return 'not_newer';
  if (release.from !== undefined && !release.from.some((from) => isSameVersion(from, running.version))) {
    return 'not_from';
  }
  if (running.secureVersion !== undefined && release.secureVersion < running.secureVersion) return 'secure_version';
  if (release.expiresAt !== undefined && release.expiresAt * 1000 <= now.getTime()) return 'expired';
  return undefined;
}

/** Equal as versions: `v1.2` is `1.2.0`. Texts outside the grammar equal only themselves. */
export function isSameVersion(a: string, b: string): boolean {
  const left = parseVersion(a);
  const right = parseVersion(b);
  return left === undefined || right === undefined ? a === b : compareVersions(left, right) === 0;
}

const secureVersionOf = (image: string | undefined, candidates: readonly Release[]): number | undefined =>
  candidates.find((release) => release.image === image)?.secureVersion;
