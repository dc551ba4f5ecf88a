import { isPkiError } from '@secure-esp/pki';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { readToken } from './est-files.js';
import { enrolInto, type Identity, readIdentity, renewIn } from './est-identity.js';

/** How a virtual device gets its own certificate. */
export interface EstDeviceOptions {
  readonly est?: string;
  readonly claims?: string;
  readonly renewAt: number;
}

export interface DeviceOverEstOptions extends EstDeviceOptions {
  readonly est: string;
  /** keeps the pair */
  readonly dir: string;
  /** of the servers, as flashed with the firmware */
  readonly ca: string;
}

/** What a device does when it is switched on: enrol if it never did, renew if it is time, else nothing. */
export async function deviceOverEst(
  context: CliContext,
  deviceId: string,
  { est: url, claims, renewAt, dir, ca }: DeviceOverEstOptions,
): Promise<Identity> {
  const { signal } = context;
  const say = (text: string): void => {
    print(context, `${deviceId.padEnd(10)} ${text}`);
  };
  const found = await readIdentity(dir);
  if (found === undefined) {
    if (claims === undefined) {
      const next = `Give it a claim with \`secure-esp pki claim ${deviceId} --out FILE\` and \`--claims FILE\`.`;
      throw new CliError(`${deviceId} has no certificate yet.`, next);
    }
    const token = await readToken(context, claims, deviceId);
    const enrolled = await enrolInto(dir, { url, ca, deviceId, token, signal });
    say(`enrolled, ${enrolled.info.serial}`);
    return enrolled;
  }
  try {
    const { identity, renewed } = await renewIn(dir, found, { url, atPercent: renewAt, newKey: true, signal });
    if (renewed) say(`renewed, ${identity.info.serial}`);
    return identity;
  } catch (error) {
    const later = isPkiError(error) && error.code === 'ERR_PKI_EST_UNAVAILABLE' && new Date() < found.info.notAfter;
    if (!later) throw error;
    say(`not renewed: ${error.message}`);
    return found;
  }
}
