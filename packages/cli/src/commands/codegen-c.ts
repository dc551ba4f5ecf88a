import { isProtocolError, type Protocol } from '@secure-esp/protocol';
import {
  generateC,
  generateFuzzTargets,
  type GenerateCOptions,
  type GeneratedFile,
} from '@secure-esp/protocol/codegen';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { loadProtocol } from '../load-protocol.js';
import { writeGenerated } from '../write-generated.js';

export interface CodegenOptions {
  readonly out: string;
  readonly protocol?: string;
  readonly check?: true;
  readonly list?: true;
  readonly json?: true;
}

export interface CodegenCOptions extends CodegenOptions {
  readonly prefix?: string;
  readonly license?: string;
}

/** `secure-esp codegen c` */
export const codegenC = (context: CliContext, options: CodegenCOptions): Promise<void> =>
  generate(context, options, generateC, 'codegen c');

/** `secure-esp codegen fuzz` */
export const codegenFuzz = (context: CliContext, options: CodegenCOptions): Promise<void> =>
  generate(context, options, generateFuzzTargets, 'codegen fuzz');

async function generate(
  context: CliContext,
  options: CodegenCOptions,
  generator: Generator,
  command: string,
): Promise<void> {
  const { files } = await generateFor(context, options, generator);
  await writeGenerated(context, files, { ...options, command });
}

type Generator = (protocol: Protocol, options: GenerateCOptions) => readonly GeneratedFile[];

/** The contract that the options name and the C of it, or what else `generator` makes. */
export async function generateFor(
  context: CliContext,
  options: Pick<CodegenCOptions, 'protocol' | 'prefix' | 'license'>,
  generator: Generator = generateC,
): Promise<{ readonly protocol: Protocol; readonly files: readonly GeneratedFile[] }> {
  const protocol = await loadProtocol(context, options.protocol);
  // The firmware core has the names with `sesp_`: those of another contract must differ, so that both can be linked.
  const own = options.protocol === undefined ? undefined : protocol.name.replaceAll('-', '_');
  const prefix = options.prefix ?? own;
  const { license } = options;
  try {
    const files = generator(protocol, {
      ...(prefix === undefined ? {} : { prefix }),
      ...(license === undefined ? {} : { license }),
    });
    return { protocol, files };
  } catch (error) {
    if (!isProtocolError(error) || error.path !== 'prefix') throw error;
    throw new CliError(`${error.message}.`, 'Choose another with --prefix.', 1, { cause: error });
  }
}
