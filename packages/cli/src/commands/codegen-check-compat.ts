import {
  checkCompatibility,
  describeProtocol,
  parseProtocolDescription,
  type ProtocolDescription,
} from '@secure-esp/protocol';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { readInput } from '../files.js';
import { loadProtocol } from '../load-protocol.js';
import { printResult } from '../output.js';

export interface CodegenCheckCompatOptions {
  readonly strict?: true;
  readonly json?: true;
}

/** `secure-esp codegen check-compat` */
export async function codegenCheckCompat(
  context: CliContext,
  older: string,
  newer: string,
  options: CodegenCheckCompatOptions,
): Promise<void> {
  const findings = checkCompatibility(await describe(context, older), await describe(context, newer));
  const fatal = findings.filter(({ level }) => level === 'breaks' || (options.strict === true && level === 'if_used'));
  const lines = findings.map(({ path, change, level, breaks, explanation }) => {
    const whom = breaks.length === 0 ? '' : ` (${breaks.join(', ')})`;
    return `${level.padEnd(10)} ${path}: ${change}${whom}: ${explanation}`;
  });
  printResult(context, options, { compatible: fatal.length === 0, findings }, [
    ...lines,
    ...(lines.length === 0 ? ['the contracts mean the same'] : []),
  ]);
  if (fatal.length > 0) {
    throw new CliError(`${fatal.length} change(s) break what is in use.`, 'Raise the contract version, or undo them.');
  }
}

/** A contract as code, or the description that `codegen docs` wrote of it. */
async function describe(context: CliContext, path: string): Promise<ProtocolDescription> {
  if (!path.endsWith('.json')) return describeProtocol(await loadProtocol(context, path));
  return parseProtocolDescription(new TextDecoder().decode(await readInput(context, path, 'description')));
}
