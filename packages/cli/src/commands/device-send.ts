import { ProtocolError, secureEspV1 } from '@secure-esp/protocol';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { asOperator, type OperatorOptions } from '../operator.js';

export type DeviceSendOptions = OperatorOptions;

/** `secure-esp device send` */
export async function deviceSend(
  context: CliContext,
  id: string,
  leaf: string,
  value: string | undefined,
  options: DeviceSendOptions,
): Promise<void> {
  const command = commandOf(leaf);
  const payload = decodeValue(command, value);
  const reply = await asOperator(context, options, (client) =>
    client.device(id).send(command, payload, { signal: context.signal }),
  );
  print(context, JSON.stringify(reply));
}

type CommandLeaf = Extract<
  keyof typeof secureEspV1.topics,
  'update/url' | 'update/use_url' | 'update/interval' | 'update/run' | 'restart'
>;

const commands = Object.entries(secureEspV1.topics)
  .filter(([, topic]) => topic.direction === 'command')
  .map(([leaf]) => leaf);

function commandOf(leaf: string): CommandLeaf {
  if (commands.includes(leaf)) return leaf as CommandLeaf;
  throw new CliError(`there is no command "${leaf}".`, `Commands: ${commands.join(', ')}.`, 2);
}

/** The value as typed is the payload as sent: decoded here, so that a bad one is refused before it travels. */
function decodeValue(leaf: CommandLeaf, value = ''): never {
  const verdict = secureEspV1.codecs[leaf].decode(new TextEncoder().encode(value));
  if (verdict.ok) return verdict.value as never;
  throw new CliError(`${leaf}: ${verdict.detail} (${verdict.code}).`, 'Nothing was sent.', 2, {
    cause: new ProtocolError('invalid_value', verdict.detail, leaf),
  });
}
