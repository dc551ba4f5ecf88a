import { ensureOperatorTrust } from '../adopt/operator-trust.js';
import { PkiError } from '../errors.js';
import type { Pem } from '../pem.js';
import { removeLeftovers } from '../tree/leftovers.js';
import {
  AUTHORITY_NAMES,
  type AuthorityName,
  type AuthoritySpec,
  deviceAuthority,
  readAuthority,
  serverAuthority,
} from '../tree/tree-authorities.js';
import type { TreeContext } from '../tree/tree-context.js';
import { ensureCrls } from '../tree/tree-crls.js';
import { ensureDeviceCa, listDevices } from '../tree/tree-devices.js';
import { ensureFirmwareCopies } from '../tree/firmware-copies.js';
import { type Authorities, type AuthorityFile, readCertificateFile } from '../tree/tree-files.js';
import type { PkiProgress } from '../tree/tree-writer.js';
import { checkFinish, type FinishOptions, finishRollover } from './finish-rollover.js';
import { prepareRollover } from './prepare-rollover.js';
import { readRolloverStatus, ROLLOVER_PHASES, type RolloverPhase, type RolloverStatus } from './rollover-status.js';
import { reissueUnderNewRoot, switchRollover } from './switch-rollover.js';

export interface RolloverOptions extends FinishOptions {
  /** which CA is replaced */
  readonly authority: AuthorityName;
  /** one after the other: `prepare`, `switch`, `finish` */
  readonly phase: RolloverPhase;
  /** stops the phase between two files; repeat it to complete it */
  readonly signal?: AbortSignal;
  /** called before each file is written; what it throws stops the phase */
  readonly onProgress?: (event: PkiProgress) => void;
}

/** What a phase of a rollover has done. */
export interface RolloverReport {
  /** of both CAs, after the phase */
  readonly status: readonly RolloverStatus[];
  /** files written, relative to the root of the tree, with `/`; none when the phase was done before */
  readonly written: readonly string[];
}

/** What a phase works on: one CA, read anew after every step that changes its certificates. */
export interface Rollover {
  readonly spec: AuthoritySpec;
  readonly context: TreeContext;
  readonly read: () => Promise<AuthorityFile>;
  /** Replaces the bundle in one step: the moment at which a phase counts. */
  readonly write: (roots: readonly Pem[]) => Promise<AuthorityFile>;
}

/**
 * Runs one phase. Nothing but the files says where a rollover is, every phase brings all that follows from the bundle up
 * to date, and a key only moves: so whatever a killed run left is completed by repeating it.
 *
 * @throws PkiError `ERR_PKI_ROLLOVER`, `ERR_PKI_OPTION`, and those of reading, writing and issuing
 */
export async function rollOverInTree(options: RolloverOptions, context: TreeContext): Promise<RolloverReport> {
  const { authority, phase } = options;
  check('authority', authority, AUTHORITY_NAMES);
  check('phase', phase, ROLLOVER_PHASES);
  checkFinish(options);
  const { paths } = context;
  await removeLeftovers(paths);
  const rollover = rolloverOf(authority === 'ca' ? serverAuthority(paths) : deviceAuthority(paths), context);
  if (phase === 'prepare') await prepareRollover(rollover);
  else if (phase === 'switch') await switchRollover(rollover, (file) => spread(file, rollover));
  else await finishRollover(rollover, options, (file) => spread(file, rollover));
  await spread(await rollover.read(), rollover);
  const authorities = await readAuthorities(context);
  const status = await readRolloverStatus(authorities, context);
  return Object.freeze({ status, written: Object.freeze(context.writer.written) });
}

function check(field: string, value: string, choices: readonly string[]): void {
  if (choices.includes(value)) return;
  throw new PkiError('ERR_PKI_OPTION', `${field} must be one of ${choices.join(', ')}`, { field });
}

function rolloverOf(spec: AuthoritySpec, context: TreeContext): Rollover {
  const read = async (): Promise<AuthorityFile> => needed(await readAuthority(spec, context.now()), spec);
  return {
    spec,
    context,
    read,
    write: async (roots) => {
      await context.writer.writePublic(spec.certPath, roots.join(''));
      return read();
    },
  };
}

function needed(file: AuthorityFile | undefined, { certPath }: AuthoritySpec): AuthorityFile {
  if (file) return file;
  throw new PkiError('ERR_PKI_NOT_FOUND', `${certPath} is missing: run \`secure-esp pki init\``, { path: certPath });
}

async function readAuthorities({ paths, now }: TreeContext): Promise<Authorities> {
  const [servers, devices] = [serverAuthority(paths), deviceAuthority(paths)];
  return {
    servers: needed(await readAuthority(servers, now()), servers),
    devices: needed(await readAuthority(devices, now()), devices),
  };
}

/** Everything that follows from a bundle: revocation lists, certificates of the tree's own parties, and copies. */
async function spread(file: AuthorityFile, { spec, context }: Rollover): Promise<void> {
  const { paths } = context;
  const authorities = await readAuthorities(context);
  const crls = await ensureCrls(authorities, context);
  if (spec.name === 'ca') {
    await reissueUnderNewRoot(file, context);
    for (const id of await listDevices(paths)) await ensureDeviceCa(id, file.bundle, context);
    await ensureOperatorTrust(authorities.servers, crls.servers, context);
  }
  const updateCert = (await readCertificateFile(paths.otaCert))?.pem ?? '';
  const serverCa = authorities.servers.bundle;
  await ensureFirmwareCopies({ firstDevice: undefined, deviceCa: authorities.devices, serverCa, updateCert }, context);
}
