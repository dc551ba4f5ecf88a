import { generateC } from '@secure-esp/protocol/codegen';
import type { CliContext } from '../context.js';
import { loadProtocol } from '../load-protocol.js';
import { writeGenerated } from '../write-generated.js';

export interface CodegenOptions {
  readonly out: string;
  readonly protocol?: string;
  readonly check?: true;
}

export interface CodegenCOptions extends CodegenOptions {
  readonly prefix?: string;
  readonly license?: string;
}

/** `secure-esp codegen c` */
export async function codegenC(context: CliContext, options: CodegenCOptions): Promise<void> {
  const { prefix, license } = options;
  const files = generateC(await loadProtocol(context, options.protocol), {
    ...(prefix === undefined ? {} : { prefix }),
    ...(license === undefined ? {} : { license }),
  });
  await writeGenerated(context, files, { ...options, command: 'codegen c' });
}
