import { openPki, type AuthorityName, type RolloverPhase, type RolloverStatus } from '@secure-esp/pki';
import { join } from 'node:path';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf } from '../files.js';
import { printJson, type PkiOptions } from './pki-format.js';

export interface PkiRolloverOptions extends PkiOptions {
  readonly prepare?: true;
  readonly switch?: true;
  readonly finish?: true;
  readonly revokeSuperseded?: true;
  readonly keepRetiredKey?: true;
  readonly dangerouslyStrand?: number;
}

/** `secure-esp pki rollover` */
export async function pkiRollover(
  context: CliContext,
  which: AuthorityName | 'status',
  options: PkiRolloverOptions,
): Promise<void> {
  const phase = phaseOf(options);
  if (which === 'status' && phase !== undefined) {
    throw new CliError('a phase is of one CA.', 'Say which: `secure-esp pki rollover ca|device-ca --PHASE`.');
  }
  const tree = await openPki(pathOf(context, options.dir));
  const { revokeSuperseded, keepRetiredKey, dangerouslyStrand } = options;
  const report =
    which === 'status' || phase === undefined
      ? { status: await tree.rolloverStatus(), written: [] }
      : await tree.rollOver({
          authority: which,
          phase,
          signal: context.signal,
          ...(revokeSuperseded && { revokeSuperseded }),
          ...(keepRetiredKey && { keepRetiredKey }),
          ...(dangerouslyStrand === undefined ? {} : { dangerouslyStrand }),
        });
  const shown = report.status.filter(({ authority }) => which === 'status' || authority === which);
  if (options.json === true) {
    printJson(context, { status: shown, written: report.written.map((path) => join(options.dir, path)) });
    return;
  }
  for (const path of report.written) print(context, `wrote ${join(options.dir, path)}`);
  if (phase !== undefined && report.written.length === 0)
    print(context, `--${phase} was done before; nothing was changed`);
  for (const status of shown) for (const line of statusLines(status)) print(context, line);
}

function phaseOf(options: PkiRolloverOptions): RolloverPhase | undefined {
  const phases = (['prepare', 'switch', 'finish'] as const).filter((phase) => options[phase] === true);
  if (phases.length > 1) {
    throw new CliError('one phase at a time.', 'See which comes next with `secure-esp pki rollover status`.');
  }
  return phases[0];
}

const day = (date: Date): string => date.toISOString().slice(0, 10);

function statusLines(status: RolloverStatus): string[] {
  const { authority, state, signing, other, remaining, superseded, first } = status;
  const lines = [`${authority}: ${signing.commonName} signs, until ${day(signing.notAfter)}`];
  if (other) {
    const role = state === 'prepared' ? 'is trusted too and signs after the switch' : 'is still trusted';
    lines.push(`  ${other.commonName} ${role}`);
    lines.push(`  ${remaining} good certificate(s) of the old root, ${superseded} with a successor of the new one`);
  }
  if (state === 'switched' && first) {
    const what = first.superseded ? 'install its new one' : 'renew it';
    lines.push(`  first: ${first.role} ${first.commonName}, ${first.serial}, until ${day(first.notAfter)}: ${what}`);
  }
  return [...lines, `  next: ${nextStep(status)}`];
}

/** What people have to do before the next phase is the point of having phases. */
function nextStep({ authority, state, unfinished, remaining, superseded }: RolloverStatus): string {
  const command = `secure-esp pki rollover ${authority}`;
  if (unfinished !== undefined) return `a run was stopped; repeat \`${command} --${unfinished}\``;
  if (state === 'none') return `\`${command} --prepare\`, when this CA is to be replaced`;
  if (state === 'prepared') {
    return authority === 'ca'
      ? `give every device and operator the new ca.crt (both roots), then \`${command} --switch\``
      : `let every broker and update server load the new device-ca.crt, then \`${command} --switch\``;
  }
  if (remaining === 0) return `\`${command} --finish\``;
  if (remaining > superseded)
    return `renew and install the ${remaining - superseded} without a successor (\`secure-esp pki renew NAME\`)`;
  return `when the new certificates are installed, \`${command} --finish --revoke-superseded\``;
}
