import {
  boundedString,
  command,
  defineProtocol,
  empty,
  event,
  extendProtocol,
  integer,
  secureEspV1,
  text,
  withRoot,
  type Protocol,
} from '@secure-esp/protocol';

const percent = text(integer(0, 100), { maxBytes: 3 });
const words = text(boundedString({ maxBytes: 32 }), { maxBytes: 32 });

/** What a user adds: every direction, scope and retain, and leaves that lie below or above others. */
const greenhouse = extendProtocol(secureEspV1, {
  name: 'greenhouse',
  topics: {
    'valve/open': command(percent, { description: 'Opens the valve.' }),
    'valve/state': event(percent, { retain: true, description: 'How far it is open.' }),
    valve: event(words, { description: 'Above two other leaves.' }),
    'valve/open/done': event(words, { description: 'Below a command.' }),
    stop: command(empty(), { scopes: ['all'], description: 'To all only.' }),
    calibrate: command(empty(), { scopes: ['device'], description: 'To one only.' }),
    'tune/{client}': command(words, { scopes: ['device'], description: 'A command with a parameter.' }),
    'shares/{client}': event(words, { retain: true, description: 'A retained event with a parameter.' }),
    alarm: event(words, { scopes: ['all', 'device'], retain: true, description: 'Common to all, and retained.' }),
    notice: event(words, { scopes: ['all'], description: 'Common to all only.' }),
    test: event(words, { description: 'Below the root; not the topic for trying a connection.' }),
    'group/devices/all': event(words, { scopes: ['all', 'device'], description: 'Has the level of the devices.' }),
  },
});

/** The contracts of the matrix. The third one's root ends as the devices' level is called. */
export const CONTRACTS: readonly { readonly name: string; readonly protocol: Protocol }[] = [
  { name: 'secureEspV1', protocol: secureEspV1 },
  { name: 'extended by a user', protocol: greenhouse },
  { name: 'below another root', protocol: withRoot(secureEspV1, '/acme/devices') },
];

const { log, settings } = secureEspV1.topics;

/**
 * Not the contract that the matrix asks about: rules derived from this one are wrong for {@link secureEspV1} on
 * {@link WRONG_LEAVES}, so the matrix must find them.
 */
export const WRONG_CONTRACT: Protocol = defineProtocol({
  ...secureEspV1,
  topics: {
    ...secureEspV1.topics,
    log: { ...log, retain: true }, // operators may write it
    settings: command(settings.payload, { scopes: ['device'], description: 'The wrong direction.' }),
  },
});
export const WRONG_LEAVES = ['log', 'settings'] as const;
