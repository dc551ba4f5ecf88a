export interface StarterContractOptions {
  readonly name: string;
  /** Default: `/<name>`, or the base's in a contract that extends one. */
  readonly root?: string | undefined;
  /** All of the secure-esp contract and more, instead of a contract that stands alone. */
  readonly extend: boolean;
}

/** Source of a small contract to start from: one command, one event, and what to know of both. */
export function starterContract({ name, root, extend }: StarterContractOptions): string {
  return `${extend ? extending(name, root) : standalone(name, root ?? `/${name}`)}
export default protocol;
`;
}

const IMPORTED = ['boundedString', 'command', 'event', 'integer', 'json', 'text'];

const opening = (more: readonly string[]): string => `\
// What devices hear and say over MQTT, in one place: programs import it, \`secure-esp codegen\` makes C of it.
import { ${[...IMPORTED, ...more].sort().join(', ')} } from '@secure-esp/protocol';
import { z } from 'zod';

// Every number and text has bounds, so that C can hold it. What C cannot enforce is refused, and named.
const state = z.object({
  level: integer(0, 100),
  mode: z.enum(['day', 'night']),
  note: boundedString({ maxBytes: 32 }).optional(),
});
`;

const topics = (group: string, root: string): string => `\
  topics: {
    // Server to device, on ${root}/devices/{device}/${group}level, and on ${root}/${group}level for every device.
    '${group}level': command(text(integer(0, 100), { maxBytes: 8 }), { description: 'Brightness, percent.' }),
    // Device to server, on ${root}/devices/{device}/${group}state. Retained: who connects later gets the last one.
    '${group}state': event(json(state, { maxBytes: 128 }), { description: 'What the device does now.', retain: true }),
  },
`;

const standalone = (name: string, root: string): string => `\
${opening(['defineProtocol'])}
export const protocol = defineProtocol({
  name: '${name}',
  version: 1, // raise it when a change breaks what is in use: \`secure-esp codegen check-compat\` says so
  root: '${root}',
${topics('', root).replaceAll(/'(level|state)':/g, '$1:')}\
});
`;

const extending = (name: string, root: string | undefined): string => `\
${opening(['extendProtocol', 'secureEspV1'])}
// Updates, settings, logs and presence are those of secure-esp; these topics are yours.
export const protocol = extendProtocol(secureEspV1, {
  name: '${name}',
${root === undefined ? '' : `  root: '${root}',\n`}\
${topics('app/', root ?? '/esp')}\
});
`;
