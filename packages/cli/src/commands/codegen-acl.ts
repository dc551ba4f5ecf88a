import { toMosquittoAcl } from '@secure-esp/broker';
import { generateEmqxAcl } from '@secure-esp/protocol/codegen';
import type { CliContext } from '../context.js';
import { loadProtocol } from '../load-protocol.js';
import { writeGenerated } from '../write-generated.js';
import type { CodegenOptions } from './codegen-c.js';

export interface CodegenAclOptions extends CodegenOptions {
  /** Names of EMQX's operators; without any, only Mosquitto's files are written. */
  readonly operator?: readonly string[];
}

/** `secure-esp codegen acl` */
export async function codegenAcl(context: CliContext, options: CodegenAclOptions): Promise<void> {
  const protocol = await loadProtocol(context, options.protocol);
  const operators = options.operator ?? [];
  const files = [
    { path: 'operators.acl', content: toMosquittoAcl(protocol, 'operator') },
    { path: 'devices.acl', content: toMosquittoAcl(protocol, 'device') },
    ...(operators.length === 0 ? [] : [{ path: 'emqx_acl.conf', content: generateEmqxAcl(protocol, { operators }) }]),
  ];
  await writeGenerated(context, files, { ...options, command: 'codegen acl' });
}
