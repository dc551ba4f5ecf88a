import { CertificateAuthority } from '../certificate/certificate-authority.js';
import type { PrivateKey } from '../keys/key-pair.js';
import { keySigner } from '../keys/signer.js';
import { MemoryPkiStore } from '../stores/memory-pki-store.js';
import { deviceAuthority, fileSigner, findAuthorityKey } from '../tree/tree-authorities.js';
import type { TreeContext } from '../tree/tree-context.js';
import type { Authorities } from '../tree/tree-files.js';
import type { BatchDevice } from './batch-options.js';
import { makeStaging, type NewDevice, publishDevices, removeStaging, stageDevices } from './staged-devices.js';

/**
 * Makes devices of which there is nothing yet, as one group. The order is what makes it safe to kill:
 *
 * 1. The names are claimed, on the disk.
 * 2. Whole folders are written aside, on the disk, under a name that no device can have.
 * 3. The certificates are recorded, on the disk.
 * 4. Each folder is moved to its place, in one step.
 *
 * So a certificate is handed out only when it is recorded, and a recorded one is never lost: a folder that a killed run
 * left aside is moved by the next when its certificate is recorded and deleted with its key when not (see
 * `settleStagedDevices`). No device is ever seen with half a pair.
 */
export async function issueGroup(
  ids: readonly string[],
  keys: ReadonlyMap<string, PrivateKey>,
  { servers, devices: file }: Authorities,
  context: TreeContext,
): Promise<readonly BatchDevice[]> {
  if (ids.length === 0) return [];
  const { paths, store, now } = context;
  await makeStaging(paths);
  await store.claimNames(ids, 'device');
  // the CA's key is read once per group, and its certificates are recorded all at once below
  const spec = deviceAuthority(paths);
  const key = await findAuthorityKey(spec, file);
  const signer = key === undefined ? fileSigner(spec, file) : keySigner(key.keyObject);
  const unrecorded = new MemoryPkiStore();
  const authority = CertificateAuthority.open({
    certificate: file.pem,
    signer,
    roles: spec.roles,
    store: unrecorded,
    now,
  });
  const made: NewDevice[] = [];
  const states: BatchDevice[] = [];
  for (const id of ids) {
    const own = keys.get(id);
    const { certificate, info, privateKey } = await authority.issue({
      role: 'device',
      subject: { O: 'secure-esp', CN: id },
      ...(own === undefined ? {} : { key: own.keyObject }),
    });
    made.push({ id, cert: certificate, key: own?.pem ?? privateKey ?? '', ca: servers.bundle });
    states.push({ id, state: 'issued', serial: info.serial, notAfter: info.notAfter });
  }
  const records = [];
  for await (const record of unrecorded.list()) records.push(record);
  await stageDevices(made, paths);
  await store.putAll(records);
  await publishDevices(ids, paths);
  await removeStaging(paths);
  return states;
}
