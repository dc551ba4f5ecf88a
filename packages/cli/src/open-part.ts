import { isPkiError, openPki, type PkiTreeOf, type TreePart } from '@secure-esp/pki';
import { stat } from 'node:fs/promises';
import { CliError } from './errors.js';

/** What a broker opens of a tree. */
export type BrokerTree = PkiTreeOf<'broker'>;
/** What the update server opens of a tree, and the enrolment server, which shows the same certificate. */
export type OtaTree = PkiTreeOf<'ota'>;

/** Opens what a server needs of a tree; where it runs, the rest need not be. */
export async function openPart<P extends TreePart>(dir: string, part: P): Promise<PkiTreeOf<P>> {
  try {
    return await openPki(dir, { parts: [part] });
  } catch (error) {
    throw await explainMissingFile(error);
  }
}

/** Where the tree is a copy of a part, making files is the wrong advice. The rest is said as ever. */
async function explainMissingFile(error: unknown): Promise<unknown> {
  if (!isPkiError(error) || error.path === undefined || isOfWholeTree(error.path)) return error;
  const { path, code } = error;
  if (await exists(path)) return error;
  const nextStep =
    'Copy it from the folder where certificates are issued; if that is this one, put it back from a backup.';
  return new CliError(`${path} is missing.`, nextStep, 1, { cause: error, code });
}

/** Without it there is no tree here at all. */
const isOfWholeTree = (path: string): boolean => /[\\/]ca[\\/]certs[\\/]ca\.crt$/.test(path);

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    (error: unknown) => (error as NodeJS.ErrnoException).code !== 'ENOENT',
  );
