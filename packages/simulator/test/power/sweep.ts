import { isImage, type Operation } from './flash-dump.js';
import { live, type Given, type Life, type PowerLoss } from './life.js';

/** What a sweep found. */
export interface Sweep {
  /** Erases and writes of one undisturbed life. */
  readonly undisturbed: readonly Operation[];
  /** Lives, each with one power loss of its own. */
  readonly cutPoints: number;
  readonly longestRecoveryMs: number;
  readonly elapsedMs: number;
  /** The first lives in which something was not as it must be. */
  readonly failures: readonly string[];
}

export interface SweepOptions extends Omit<Given, 'faults' | 'unplug'> {
  /** Only these operations. Default: all. */
  readonly only?: (operation: Operation) => boolean;
  /** Default 3. */
  readonly maxFailures?: number;
}

/** Words of an image are all the same; those of records are not. */
const IMAGE_TEARS = 1;
/** Enough that each part of a boot record is once erased and once not, in every combination. */
export const ERASE_TEARS = 40;
const WORD_BYTES = 4;

const tearsOf = (operation: Operation): number => {
  if (isImage(operation)) return IMAGE_TEARS;
  return operation.kind === 'erase' ? ERASE_TEARS : Math.ceil(operation.length / WORD_BYTES);
};

/** Before the operation, inside at each of its words (of records; of images, at some), and after it. */
export const cutsOf = (operation: Operation, at: number): readonly PowerLoss[] => {
  const count = tearsOf(operation);
  const inside = Array.from({ length: count }, (_, index) => ({ at, torn: (index + 0.5) / count, seed: index }));
  return [{ at, torn: 0 }, ...inside, { at, torn: 1 }];
};

/** How to tell a life in which something went wrong. */
export const describeLife = (cut: unknown, { witness, lines }: Life): string =>
  [`cut ${JSON.stringify(cut)}`, ...witness.violations.slice(0, 3), ...lines.slice(-40)].join('\n  ');

/** Lives once undisturbed, then once for each place where power can go. */
export const sweep = async (options: SweepOptions): Promise<Sweep> => {
  const { only = () => true, maxFailures = 3, ...given } = options;
  const started = performance.now();
  const undisturbed = await live(given);
  if (undisturbed.witness.violations.length > 0) throw new Error(describeLife('none', undisturbed));
  const cuts = undisturbed.operations.flatMap((operation, index) =>
    only(operation) ? cutsOf(operation, index + 1) : [],
  );
  const failures: string[] = [];
  let cutPoints = 0;
  let longestRecoveryMs = 0;
  for (const cut of cuts) {
    if (failures.length >= maxFailures) break;
    const life = await live({ ...given, faults: { power: [cut] } });
    cutPoints += 1;
    longestRecoveryMs = Math.max(longestRecoveryMs, life.recoveryMs);
    const { losses } = life.witness;
    if (losses !== 1) life.witness.violation(`${String(losses)} power losses instead of 1`);
    if (life.witness.violations.length > 0) failures.push(describeLife(cut, life));
  }
  const elapsedMs = performance.now() - started;
  return { undisturbed: undisturbed.operations, cutPoints, longestRecoveryMs, elapsedMs, failures };
};

export const reportOf = (name: string, { undisturbed, cutPoints, longestRecoveryMs, elapsedMs }: Sweep): string =>
  `power loss, ${name}: ${String(undisturbed.length)} flash operations, ${String(cutPoints)} cut points, ` +
  `done at most ${(longestRecoveryMs / 1000).toFixed(0)} s (virtual) after power is back; ` +
  `${(elapsedMs / 1000).toFixed(1)} s`;
