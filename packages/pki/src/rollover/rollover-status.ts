import type { SerialHex } from '../certificate/certificate-info.js';
import type { Role } from '../certificate/profiles.js';
import { exists } from '../files/atomic-file.js';
import { listInventory } from '../lifecycle/inventory.js';
import {
  type AuthorityName,
  type AuthoritySpec,
  deviceAuthority,
  retiredKeyPath,
  serverAuthority,
  waitingKeyPath,
} from '../tree/tree-authorities.js';
import type { TreeContext } from '../tree/tree-context.js';
import type { Authorities, AuthorityFile, CertificateFile } from '../tree/tree-files.js';
import { generationOf } from './generation.js';

/** `prepare`: a new root, trusted beside the old one; `switch`: the new one signs; `finish`: the old one goes. */
export const ROLLOVER_PHASES = ['prepare', 'switch', 'finish'] as const;
/** One of {@link ROLLOVER_PHASES}. */
export type RolloverPhase = (typeof ROLLOVER_PHASES)[number];

/** `none`: one root. `prepared`: two, the old one signs. `switched`: two, the new one signs. */
export type RolloverState = 'none' | 'prepared' | 'switched';

/** A root certificate, in short. */
export interface RootSummary {
  readonly commonName: string;
  readonly serial: SerialHex;
  readonly notAfter: Date;
  /** SHA-256 of the certificate DER, lower-case hex */
  readonly fingerprint256: string;
}

/** A certificate that would be worth nothing without its root. */
export interface RemainingCertificate {
  readonly role: Role | 'ca';
  readonly commonName: string;
  readonly serial: SerialHex;
  readonly notAfter: Date;
  /** its holder has a good one of the new root, too */
  readonly superseded: boolean;
}

/** How far the rollover of a CA is, and what keeps it from going on. */
export interface RolloverStatus {
  readonly authority: AuthorityName;
  readonly state: RolloverState;
  /** a phase that was begun and not completed: repeat it */
  readonly unfinished: RolloverPhase | undefined;
  /** the phase to run next, after what `prepared` and `switched` mean has reached everybody */
  readonly next: RolloverPhase;
  /** the root that signs now */
  readonly signing: RootSummary;
  /** the root to come (`prepared`) or to go (`switched`) */
  readonly other: RootSummary | undefined;
  /** neither over nor revoked and signed by the old root: what keeps `finish` from being done; 0 in the state `none` */
  readonly remaining: number;
  /** how many of these have a successor of the new root */
  readonly superseded: number;
  /** the first of `remaining` in order of serial number, one that has no successor before others */
  readonly first: RemainingCertificate | undefined;
}

/** The state is what the bundle says: the root that signs comes first, and later roots have higher numbers. */
export function stateOf({ roots }: AuthorityFile): RolloverState {
  const [signing, other] = roots.map(({ info }) => generationOf(info.subject.CN ?? '').number);
  if (signing === undefined || other === undefined) return 'none';
  return signing < other ? 'prepared' : 'switched';
}

/** @throws PkiError those of reading */
export async function readRolloverStatus(
  authorities: Authorities,
  context: TreeContext,
): Promise<readonly RolloverStatus[]> {
  const { paths } = context;
  return Object.freeze([
    await statusOf(serverAuthority(paths), authorities.servers, context),
    await statusOf(deviceAuthority(paths), authorities.devices, context),
  ]);
}

async function statusOf(spec: AuthoritySpec, file: AuthorityFile, context: TreeContext): Promise<RolloverStatus> {
  const state = stateOf(file);
  const other = file.roots[1];
  const remaining = await remainingCertificates(file, context);
  const superseded = remaining.filter((entry) => entry.superseded).length;
  return Object.freeze({
    authority: spec.name,
    state,
    unfinished: await unfinishedPhase(spec, state),
    next: state === 'none' ? 'prepare' : state === 'prepared' ? 'switch' : 'finish',
    signing: summaryOf(file),
    other: other && summaryOf(other),
    remaining: remaining.length,
    superseded,
    first: remaining.find((entry) => !entry.superseded) ?? remaining[0],
  });
}

const summaryOf = ({ info }: CertificateFile): RootSummary =>
  Object.freeze({
    commonName: info.subject.CN ?? '',
    serial: info.serial,
    notAfter: info.notAfter,
    fingerprint256: info.fingerprint256,
  });

/** Of a killed run, as far as keys show it; the rest is completed by repeating any phase. */
export async function unfinishedPhase(spec: AuthoritySpec, state: RolloverState): Promise<RolloverPhase | undefined> {
  const waiting = await exists(waitingKeyPath(spec));
  if (state === 'none') return waiting ? 'prepare' : (await exists(retiredKeyPath(spec))) ? 'finish' : undefined;
  return state === 'switched' && waiting ? 'switch' : undefined;
}

/** The good certificates of the root that is leaving; none while there is one root only. */
export async function remainingCertificates(
  file: AuthorityFile,
  { store, now }: TreeContext,
): Promise<readonly RemainingCertificate[]> {
  const state = stateOf(file);
  const [signing, other] = file.roots.map(({ info }) => info.subjectKeyId);
  if (state === 'none') return [];
  const [oldId, newId] = state === 'prepared' ? [signing, other] : [other, signing];
  const successors = new Set<string>();
  const remaining: Omit<RemainingCertificate, 'superseded'>[] = [];
  for await (const entry of listInventory(store, { state: 'good' }, now())) {
    const { role, commonName, serial, notAfter, issuerKeyId } = entry;
    if (role === 'ca') continue;
    if (issuerKeyId === newId) successors.add(holderOf(entry));
    else if (issuerKeyId === oldId) remaining.push({ role, commonName, serial, notAfter });
  }
  return remaining.map((entry) => Object.freeze({ ...entry, superseded: successors.has(holderOf(entry)) }));
}

const holderOf = ({ role, commonName }: { role: string; commonName: string }): string => `${role} ${commonName}`;
