import type { Protocol } from '@secure-esp/protocol';
import { TEST_TOPIC } from './acl-policy.js';

/** Device ids of which one is the beginning or the end of another. The first two have certificates. */
export const DEVICES = ['dev-1', 'dev-10', 'xdev-1', 'dev'] as const;
/** Client id of an operator, long enough to stand for `{client}`. */
export const OPERATOR_A = 'operator-a-0000000001';
/** Client id of another operator, who calls itself as a device is called. */
export const OPERATOR_B = 'xdev-1';

/** The topics of a matrix: those of the contract in every form, and many that are not. */
export const topicNames = (protocol: Protocol): string[] => [
  ...new Set([...contractTopics(protocol), ...strangeTopics(protocol)]),
];

/** Every leaf in every scope, whether it has that scope or not, for every device and every `{client}`. */
function contractTopics(protocol: Protocol): string[] {
  const leaves = Object.keys(protocol.topics).flatMap((leaf) =>
    leaf.includes('{client}') ? [OPERATOR_A, OPERATOR_B].map((client) => leaf.replace('{client}', client)) : [leaf],
  );
  const prefixes = [protocol.root, ...DEVICES.map((id) => `${protocol.root}/devices/${id}`)];
  return prefixes.flatMap((prefix) => leaves.map((leaf) => `${prefix}/${leaf}`));
}

/** Names that nearly are topics of the contract, and names that have nothing to do with it. */
function strangeTopics(protocol: Protocol): string[] {
  const { root } = protocol;
  const [own] = DEVICES;
  const first = (direction: 'command' | 'event'): string[] =>
    Object.entries(protocol.topics)
      .filter(([leaf, topic]) => topic.direction === direction && !leaf.includes('{'))
      .slice(0, 1)
      .map(([leaf]) => leaf);
  const near = [...first('command'), ...first('event')].flatMap((leaf) => {
    const [all, device] = [`${root}/${leaf}`, `${root}/devices/${own}/${leaf}`];
    return [
      ...[all, device].flatMap((topic) => [
        topic.slice(1),
        `/${topic}`,
        `${topic}/`,
        `${topic}/x`,
        topic.toUpperCase(),
      ]),
      ...[`${root}2/${leaf}`, `${root.slice(0, -1)}/${leaf}`, `/${leaf}`, leaf, `${root}//${leaf}`],
      ...[
        `${root}/devices/${leaf}`,
        `${root}/devices//${leaf}`,
        `${root}/${own}/${leaf}`,
        `${root}/device/${own}/${leaf}`,
      ],
      ...[device.slice(0, -1), `${root}/devices/${own}/devices/${own}/${leaf}`, `/other/devices/${own}/${leaf}`],
      ...[`${root}/devices/${own}//${leaf}`, `${root}/devices/%u/${leaf}`, `${root}/devices/{device}/${leaf}`],
    ];
  });
  const parents = [root, `${root}/`, `${root}/devices`, `${root}/devices/${own}`, `${root}/devices/${own}/`, '/'];
  const replies = [
    `${root}/devices/${own}/replies`,
    `${root}/devices/${own}/replies/`,
    `${root}/devices/${own}/replies/a/b`,
  ];
  const test = [TEST_TOPIC, `${TEST_TOPIC}/`, `${TEST_TOPIC}/x`, 'test', `${root}/test`, '/TEST'];
  return [...near, ...parents, ...replies, ...test];
}

/** Topics that begin with `$` belong to the broker. Nobody else can send there, so they are only for publishers. */
export const BROKER_TOPICS: readonly string[] = ['$SYS/broker/uptime', '$SYS/x', '$discarded', '$x/esp/restart'];

/** Not names but filters: forbidden in PUBLISH by MQTT itself, so only a last will can try them. */
export function wildcardNames({ root }: Protocol): string[] {
  const [own] = DEVICES;
  const ofDevice = ['replies/+', 'replies/#', '#', '+'].map((end) => `${root}/devices/${own}/${end}`);
  return [...ofDevice, `${root}/devices/+/status`, `${root}/devices/+/restart`, `${root}/+`, `${root}/#`, '+', '#'];
}

/** Filters with wildcards that reach for more than anybody may see. */
export function wideFilters(protocol: Protocol): string[] {
  const { root } = protocol;
  const [own, other] = DEVICES;
  const plain = [
    ...['#', '/#', '+/#', '/+/#', '+/+', '+/+/+/+/+', `${root}/#`, `${root}/+`, `${root}/+/+`],
    ...[
      `${root}/devices/#`,
      `${root}/devices/+/#`,
      `${root}/devices/+/+`,
      `${root}/devices/+/+/+`,
      `${root}/+/+/restart`,
    ],
    ...[own, other].map((id) => `${root}/devices/${id}/#`),
    '$SYS/#',
  ];
  return [...plain, ...sharedFilters(protocol)];
}

/** Shared subscriptions. `{group}` is replaced, so that no two clients share. */
const sharedFilters = ({ root }: Protocol): string[] => [
  `$share/{group}/#`,
  `$share/{group}/${root}/#`,
  `$share/{group}/${root}/devices/${DEVICES[1]}/+`,
];

/** MQTT 5, section 4.7. A shared subscription matches what its filter matches. */
export function filterMatches(filter: string, topic: string): boolean {
  const levels = filter.replace(/^\$share\/[^/]*\//, '').split('/');
  const names = topic.split('/');
  if (topic.startsWith('$') && levels[0] !== names[0]) return false;
  return levels[levels.length - 1] === '#'
    ? names.length >= levels.length - 1 && levels.slice(0, -1).every((level, index) => fits(level, names[index]))
    : names.length === levels.length && levels.every((level, index) => fits(level, names[index]));
}

const fits = (level: string, name: string | undefined): boolean => level === '+' || level === name;

/** True where a `+` of the filter stands for an empty level of the topic. */
export function plusMeetsEmptyLevel(filter: string, topic: string): boolean {
  const names = topic.split('/');
  return filter.split('/').some((level, index) => level === '+' && names[index] === '');
}
