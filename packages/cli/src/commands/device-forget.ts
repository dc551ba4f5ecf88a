import { print, type CliContext } from '../context.js';
import { asOperator, type OperatorOptions } from '../operator.js';

export type DeviceForgetOptions = OperatorOptions;

/** `secure-esp device forget` */
export async function deviceForget(context: CliContext, id: string, options: DeviceForgetOptions): Promise<void> {
  await asOperator(context, options, (client) => client.device(id).forget());
  print(context, `the broker retains nothing of ${id} any more`);
}
