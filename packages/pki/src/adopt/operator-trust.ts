import { exists } from '../files/atomic-file.js';
import { readTextFile } from '../files/text-file.js';
import { MAX_CRL_BYTES } from '../crl/crl-limits.js';
import type { TreeContext } from '../tree/tree-context.js';
import type { TreeCrl } from '../tree/tree-crls.js';
import type { AuthorityFile } from '../tree/tree-files.js';
import { type AdoptedCa, readAdopted } from './adopted-ca.js';

/**
 * What the operators' listener of a Mosquitto trusts: our own roots, and the adopted CA while its time lasts; and the broker's
 * certificate with its bridge. The files are there from the first adoption on and are kept up to date, since a
 * configuration may name them.
 */
export async function ensureOperatorTrust(
  servers: AuthorityFile,
  crl: TreeCrl | undefined,
  context: TreeContext,
  adopting?: AdoptedCa,
): Promise<void> {
  const { operatorCas, operatorCrls, brokerChain } = context.paths.adopted;
  const adopted = adopting ?? (await readAdopted(context));
  if (!crl || (!adopted && !(await exists(operatorCas)))) return;
  const broker = await readTextFile(context.paths.brokerCert);
  if (broker !== undefined) await replace(brokerChain, broker + (adopted?.cross ?? ''), context);
  // before the CA comes and after it went its list does no harm
  await replace(operatorCrls, crl.crl + (adopted?.crl ?? ''), context);
  await replace(operatorCas, servers.bundle + (adopted?.certificate ?? ''), context);
}

async function replace(path: string, text: string, { writer }: TreeContext): Promise<void> {
  if ((await readTextFile(path, 3 * MAX_CRL_BYTES)) !== text) await writer.writePublic(path, text);
}
