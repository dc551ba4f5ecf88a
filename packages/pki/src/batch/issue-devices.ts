import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { PkiError } from '../errors.js';
import { inLanes } from '../files/group-write.js';
import { generatePrivateKey, type PrivateKey } from '../keys/key-pair.js';
import type { TreeContext } from '../tree/tree-context.js';
import { deviceAuthority, openAuthority } from '../tree/tree-authorities.js';
import { ensureDevice } from '../tree/tree-devices.js';
import { type Authorities, readCertificateFile } from '../tree/tree-files.js';
import type { BatchDevice, DeviceBatchReport, ResolvedBatchOptions } from './batch-options.js';
import { isAbsent, isRevoked, readWholeFolder } from './device-folder.js';
import { issueGroup } from './issue-group.js';
import { isStaging, settleStagedDevices } from './staged-devices.js';

/** What a batch uses of the tree it works on. */
export interface BatchTree {
  readonly context: TreeContext;
  /** runs work with the tree's lock held */
  readonly locked: <T>(work: () => Promise<T>) => Promise<T>;
  /** the CAs, as the files say now */
  readonly authorities: () => Promise<Authorities>;
}

/** Devices written together: they share the waits for the disk, and one turn at the lock. */
const GROUP = 250;
/** The same when making the keys takes most of the time: less is lost by a kill, and Ctrl-C is heard. */
const SLOW_KEYS_GROUP = 25;
/** Longer than another run waits between two looks at the lock, so that everybody gets a turn. */
const LOCK_PAUSE_MS = 60;
/** Looking at folders is synchronous; other work goes on between so many of them. */
const LOOKS_AT_ONCE = 50;

/** One run: the state of each device, group by group. */
export async function issueDevicesInTree(tree: BatchTree, options: ResolvedBatchOptions): Promise<DeviceBatchReport> {
  const { ids, onProgress, signal } = options;
  signal?.throwIfAborted();
  const { paths } = tree.context;
  if (isStaging(paths)) await tree.locked(() => settleStagedDevices(paths));
  const report: BatchDevice[] = [];
  let issued = 0;
  let lockedUntilMs = 0;
  const size = options.keyAlgorithm === 'ec-p256' ? GROUP : SLOW_KEYS_GROUP;
  for (let start = 0; start < ids.length; start += size) {
    signal?.throwIfAborted();
    const group = ids.slice(start, start + size);
    const states = await lookAt(group, tree);
    const missing = group.filter((id) => !states.has(id));
    if (missing.length > 0) {
      const keys = await makeSlowKeys(missing, options);
      const pauseMs = lockedUntilMs + LOCK_PAUSE_MS - Date.now();
      if (pauseMs > 0) await delay(pauseMs, undefined, signal ? { signal } : {});
      for (const device of await tree.locked(() => issueMissing(missing, keys, tree))) states.set(device.id, device);
      lockedUntilMs = Date.now();
    }
    for (const id of group) {
      const device = states.get(id);
      if (device === undefined) throw new PkiError('ERR_PKI_IO', `the files of "${id}" vanished`);
      if (device.state === 'issued') issued += 1;
      report.push(Object.freeze(device));
    }
    onProgress(Object.freeze({ done: report.length, total: ids.length, issued }));
  }
  return Object.freeze(report);
}

/** The devices that have all they need. */
async function lookAt(group: readonly string[], tree: BatchTree): Promise<Map<string, BatchDevice>> {
  const { context } = tree;
  const { servers, devices } = await tree.authorities();
  const issuers = new Set(devices.roots.map(({ info }) => info.subjectKeyId));
  const states = new Map<string, BatchDevice>();
  for (const [index, id] of group.entries()) {
    if (index % LOOKS_AT_ONCE === 0) await nextTurn();
    const folder = readWholeFolder(id, context.paths.device(id), context.paths);
    if (folder?.ca !== servers.bundle || !issuers.has(folder.issuerKeyId)) continue;
    const { serial, notAfter } = folder;
    const revoked = isRevoked(serial, context.paths);
    if (!revoked && context.now() > notAfter) continue;
    states.set(id, { id, state: revoked ? 'revoked' : 'existing', serial, notAfter });
  }
  return states;
}

/** Keys that take long to make, before the lock is taken; nothing of them is written yet. */
async function makeSlowKeys(
  ids: readonly string[],
  { keyAlgorithm, concurrency, signal }: ResolvedBatchOptions,
): Promise<ReadonlyMap<string, PrivateKey>> {
  const keys = new Map<string, PrivateKey>();
  if (keyAlgorithm === 'ec-p256') return keys;
  await inLanes(ids, concurrency, async (id) => {
    signal?.throwIfAborted();
    keys.set(id, await generatePrivateKey(keyAlgorithm));
  });
  return keys;
}

/** With the lock held. A device of which there is something already takes the way of a single one. */
async function issueMissing(
  ids: readonly string[],
  keys: ReadonlyMap<string, PrivateKey>,
  tree: BatchTree,
): Promise<readonly BatchDevice[]> {
  const { context } = tree;
  const authorities = await tree.authorities();
  const fresh = ids.filter((id) => isAbsent(context.paths.device(id).dir));
  const devices = [...(await issueGroup(fresh, keys, authorities, context))];
  const authority = openAuthority(deviceAuthority(context.paths), authorities.devices, context);
  for (const id of ids.filter((each) => !fresh.includes(each))) {
    const issuer = { file: authorities.devices, authority, serverCa: authorities.servers.bundle };
    devices.push(await completeDevice(id, issuer, context));
  }
  return devices;
}

async function completeDevice(
  id: string,
  issuer: Parameters<typeof ensureDevice>[1],
  context: TreeContext,
): Promise<BatchDevice> {
  const { cert } = context.paths.device(id);
  const before = (await readCertificateFile(cert))?.info.serial;
  await ensureDevice(id, issuer, context);
  const info = (await readCertificateFile(cert))?.info;
  if (info === undefined) throw new PkiError('ERR_PKI_IO', `${cert} vanished`, { path: cert });
  const { serial, notAfter } = info;
  if (isRevoked(serial, context.paths)) return { id, state: 'revoked', serial, notAfter };
  return { id, state: serial === before ? 'existing' : 'issued', serial, notAfter };
}
