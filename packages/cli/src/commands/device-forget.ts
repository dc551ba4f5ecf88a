import { print, type CliContext } from '../context.js';
import { asOperator, type OperatorOptions } from '../operator.js';
import { printJson } from './pki-format.js';

export interface DeviceForgetOptions extends OperatorOptions {
  readonly json?: true;
}

/** `secure-esp device forget` */
export async function deviceForget(context: CliContext, id: string, options: DeviceForgetOptions): Promise<void> {
  await asOperator(context, options, (client) => client.device(id).forget({ signal: context.signal }));
  if (options.json === true) printJson(context, { device: id, forgotten: true });
  else print(context, `the broker retains nothing of ${id} any more`);
}
