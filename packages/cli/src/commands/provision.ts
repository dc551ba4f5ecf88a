import { buildNvsImage, nvsCsv, type NvsEntry } from '@secure-esp/firmware-image/nvs';
import {
  buildNvsKeyPartition,
  encryptNvsImage,
  generateNvsKeys,
  readNvsKeyPartition,
  type NvsKeys,
} from '@secure-esp/firmware-image/node';
import { isPkiError, openPki, parseCertificate, writeSecretFile, type PkiTree } from '@secure-esp/pki';
import { stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, readInput } from '../files.js';
import { claimsToTry, type ClaimsOf, enrolmentClaims, estCaOf } from '../provision/enrolment-claims.js';
import {
  type EnrolmentData,
  type PairData,
  PROVISIONING_PARTITION,
  provisioningEntries,
} from '../provision/provisioning-entries.js';
import { batchCsv } from '../provision/batch-csv.js';
import {
  checkProvisionOptions,
  layoutOf,
  type Layout,
  type ProvisionOptions,
} from '../provision/provision-settings.js';
import { releaseKeysOf } from '../provision/release-keys.js';
import { isOfTree } from '../tree-files.js';
import { makePrivateFolder } from './est-files.js';
import { refuseUnusable } from './pki-export.js';
import { printJson } from './pki-format.js';
import { readIds } from './pki-issue-ids.js';

interface OutputFile {
  readonly path: string;
  readonly content: Uint8Array | string;
}

/** Who the device will be: by a certificate, or by a claim to one. */
type Identity =
  | { readonly kind: 'pair'; readonly serial: string; readonly notAfter: Date }
  | { readonly kind: 'claim'; readonly expiresAt: Date };

interface Provisioned {
  readonly id: string;
  readonly identity: Identity;
  readonly image: OutputFile;
  readonly keys: OutputFile | undefined;
  readonly csv: OutputFile | undefined;
}

/** What makes one device different from the others. */
interface Given {
  readonly identity: Identity;
  readonly data: PairData | EnrolmentData;
}

/** `secure-esp provision`: what each device is made itself with, as an NVS partition. All are made before one is written. */
export async function provision(
  context: CliContext,
  named: readonly string[],
  options: ProvisionOptions,
): Promise<void> {
  checkProvisionOptions(options);
  const ids = [...new Set(await wantedIds(context, named, options))];
  const tree = await openPki(pathOf(context, options.dir));
  const layout = await layoutOf(context, options);
  const releaseKeys = await releaseKeysOf(context, tree.releasePublicKey, options.releaseKey);
  const keysOf = await keySource(context, options);
  const out = pathOf(context, options.out);
  const make = async (give: (id: string) => Promise<Given>): Promise<readonly Provisioned[]> => {
    const made: Provisioned[] = [];
    for (const id of ids) {
      context.signal.throwIfAborted();
      const { identity, data } = await give(id);
      const folder = join(out, id);
      if (await isOfTree(join(folder, 'nvs.bin'), tree.dir))
        throw new CliError(`"${options.out}" is in the certificate tree.`, 'Name another folder with --out.', 2);
      const { brokerUrl, otaUrl } = options;
      const entries = provisioningEntries({
        ...{ deviceId: id, serverCa: tree.ca, releaseKeys, ...data },
        ...(brokerUrl !== undefined && { brokerUrl }),
        ...(otaUrl !== undefined && { otaUrl }),
      });
      made.push({ id, identity, ...filesOf(folder, entries, { layout, keys: keysOf(), options }) });
    }
    await refuseExisting(context, [...made.flatMap(filesIn), ...batchOf(context, made, layout, options)], options);
    return made;
  };
  const { estUrl } = options;
  let made: readonly Provisioned[];
  if (estUrl === undefined) made = await make((id) => pairOf(tree, id));
  else {
    const estCa = await estCaOf(context, tree, options.estCa);
    const byClaim =
      (claims: ClaimsOf) =>
      (id: string): Promise<Given> =>
        Promise.resolve(claimOf(claims, id, { estUrl, estCa }));
    // a new claim takes the place of an older one: only once nothing else can be refused
    await make(byClaim(claimsToTry(ids)));
    made = await make(byClaim(await enrolmentClaims(context, tree, ids, options)));
  }
  await write(context, out, made, options);
  const existing = options.force === true ? 'replace' : 'refuse';
  // last: what it lists is there
  for (const { path, content } of batchOf(context, made, layout, options))
    await writeSecretFile(path, content, { existing });
  report(context, made, layout, options);
}

function claimOf(claims: ClaimsOf, id: string, server: Pick<EnrolmentData, 'estUrl' | 'estCa'>): Given {
  const { token, expiresAt } = claims.get(id) ?? { token: '', expiresAt: new Date(0) };
  return { identity: { kind: 'claim', expiresAt }, data: { ...server, estClaim: token } };
}

async function wantedIds(
  context: CliContext,
  named: readonly string[],
  { from }: ProvisionOptions,
): Promise<readonly string[]> {
  const ways = [named.length > 0, from !== undefined].filter(Boolean);
  if (ways.length !== 1)
    throw new CliError('give ids or --from, one of the two.', 'Run with --help for what it takes.', 2);
  return from === undefined ? named : readIds(context, from);
}

/** The pair of a device that can still be used; its key has to be in the tree. */
async function pairOf(tree: PkiTree, id: string): Promise<Given> {
  try {
    const { cert, key } = await tree.device(id);
    await refuseUnusable(tree, id, cert);
    const { serial, notAfter } = parseCertificate(cert);
    return { identity: { kind: 'pair', serial, notAfter }, data: { certificate: cert, privateKey: key } };
  } catch (error) {
    if (!isPkiError(error) || error.code !== 'ERR_PKI_UNKNOWN_DEVICE') throw error;
    for await (const { commonName } of tree.inventory({ commonName: id, role: 'device' })) {
      const message = `the private key of "${commonName}" is not in this tree: the key of a certificate request stays where it was made.`;
      throw new CliError(message, 'Nothing is to be provisioned: that device has its pair.', 1, { cause: error });
    }
    throw error;
  }
}

/** Nothing, the keys of a file for all, or new ones for each. */
async function keySource(context: CliContext, { keys }: ProvisionOptions): Promise<() => NvsKeys | undefined> {
  if (keys === undefined) return () => undefined;
  if (keys === 'make') return generateNvsKeys;
  const read = readNvsKeyPartition(await readInput(context, keys, 'NVS key partition'));
  return () => read;
}

interface FilesOptions {
  readonly layout: Layout;
  readonly keys: NvsKeys | undefined;
  readonly options: ProvisionOptions;
}

function filesOf(
  folder: string,
  entries: readonly NvsEntry[],
  { layout, keys, options }: FilesOptions,
): Pick<Provisioned, 'image' | 'keys' | 'csv'> {
  const plain = buildNvsImage({ sizeBytes: layout.sizeBytes, entries });
  const file = (name: string, content: Uint8Array | string): OutputFile => ({ path: join(folder, name), content });
  return {
    image: file('nvs.bin', keys === undefined ? plain : encryptNvsImage(plain, keys)),
    keys: keys === undefined || options.keys !== 'make' ? undefined : file('nvs_keys.bin', buildNvsKeyPartition(keys)),
    csv: options.csv === true ? file('nvs.csv', nvsCsv(entries)) : undefined,
  };
}

const filesIn = ({ image, keys, csv }: Provisioned): readonly OutputFile[] =>
  [image, keys, csv].filter((file) => file !== undefined);

/** The list of `--batch`, or nothing. */
function batchOf(
  context: CliContext,
  made: readonly Provisioned[],
  { places }: Layout,
  { batch }: ProvisionOptions,
): readonly OutputFile[] {
  if (batch === undefined) return [];
  const path = pathOf(context, batch);
  const shown = (file: OutputFile): string => relative(dirname(path), file.path);
  const lines = made.map(({ id, identity, image, keys }) => ({
    ...{ id, image: shown(image), keys: keys && shown(keys) },
    ...(identity.kind === 'pair'
      ? { serial: identity.serial, until: identity.notAfter }
      : { serial: '', until: identity.expiresAt }),
  }));
  return [{ path, content: batchCsv(lines, { image: places?.provisioning.offset, keys: places?.keys?.offset }) }];
}

async function refuseExisting(
  context: CliContext,
  files: readonly OutputFile[],
  { force }: ProvisionOptions,
): Promise<void> {
  if (force === true) return;
  for (const { path } of files) {
    if ((await stat(path).catch(() => undefined)) === undefined) continue;
    const nextStep = 'Name another folder with --out, or replace it with --force.';
    throw new CliError(`"${relative(context.cwd, path)}" is there already; nothing was written.`, nextStep);
  }
}

async function write(
  context: CliContext,
  out: string,
  made: readonly Provisioned[],
  { force }: ProvisionOptions,
): Promise<void> {
  await makePrivateFolder(out);
  for (const device of made) {
    context.signal.throwIfAborted();
    await makePrivateFolder(join(out, device.id));
    for (const { path, content } of filesIn(device))
      await writeSecretFile(path, content, { existing: force === true ? 'replace' : 'refuse' });
  }
}

const hex = (value: number): string => `0x${value.toString(16)}`;

const identityOf = ({ identity }: Provisioned): object =>
  identity.kind === 'pair'
    ? { serial: identity.serial, notAfter: identity.notAfter }
    : { claimExpiresAt: identity.expiresAt };

function report(context: CliContext, made: readonly Provisioned[], layout: Layout, options: ProvisionOptions): void {
  const shown = ({ path }: OutputFile): string => relative(context.cwd, path);
  const { sizeBytes, places } = layout;
  const commandOf = ({ image, keys }: Provisioned): string => {
    const offset = places === undefined ? 'OFFSET' : hex(places.provisioning.offset);
    const parts = [`esptool write_flash ${offset} ${shown(image)}`];
    if (keys !== undefined)
      parts.push(places?.keys === undefined ? 'KEYS_OFFSET' : hex(places.keys.offset), shown(keys));
    return parts.join(' ');
  };
  if (options.json === true) {
    const devices = made.map((device) => ({
      ...{ id: device.id, ...identityOf(device), image: shown(device.image) },
      ...(device.keys && { keys: shown(device.keys) }),
      ...(device.csv && { csv: shown(device.csv) }),
    }));
    const partition = { partition: PROVISIONING_PARTITION, sizeBytes, offset: places?.provisioning.offset ?? null };
    printJson(context, { ...partition, encrypted: options.encrypt === true, devices });
    return;
  }
  for (const device of made) {
    const { identity } = device;
    const until =
      identity.kind === 'pair' ? identity.serial : `claim until ${identity.expiresAt.toISOString().slice(0, 10)}`;
    print(context, `made ${filesIn(device).map(shown).join(', ')}, ${until}`);
    print(context, `  ${commandOf(device)}`);
  }
  const needsKeys = options.keys === 'make' && places?.keys === undefined;
  if (places === undefined || needsKeys) {
    const which = needsKeys
      ? `"${PROVISIONING_PARTITION}" and of the one of subtype nvs_keys`
      : `"${PROVISIONING_PARTITION}"`;
    print(context, `The offset is that of the partition ${which}: \`idf.py partition-table\` prints it.`);
  }
  if (options.encrypt !== true || options.csv === true)
    print(
      context,
      `The ${options.estUrl === undefined ? 'private keys' : 'claims'} are readable in these files: delete them when the devices are flashed.`,
    );
}
