import type { ContractForm } from '../../contract-form.js';
import type { Scope } from '../../topic-definition.js';
import { TOPIC_PARAMETERS, type TopicParameter } from '../../topic-grammar.js';

/** A topic to match; `accepted` as in `PayloadCase`. */
export interface MatchCase {
  readonly name: string;
  readonly topic: string;
  readonly accepted: boolean;
}

/** A topic to build. */
export interface BuildCase {
  readonly name: string;
  readonly asked: { readonly leaf: string; readonly scope: Scope; readonly device?: string; readonly client?: string };
  readonly accepted: boolean;
}

type Contract = Pick<ContractForm, 'topics'> & { readonly root: string };
type Parameters = Readonly<Partial<Record<TopicParameter, string>>>;

const SCOPES = ['all', 'device'] as const;
const DEVICE = 'esp-001';
/** As short as it may be, so that it is none without its last character. */
const CLIENT = 'client-123456789';
const ADDRESSEES: Readonly<Record<Scope, string>> = { all: 'of all devices', device: 'of one device' };

const topicAt = (
  root: string,
  leaf: string,
  scope: Scope,
  { device = DEVICE, client = CLIENT }: Parameters = {},
): string => [root, ...(scope === 'device' ? ['devices', device] : []), leaf.replace('{client}', client)].join('/');

const nameIn = (leaf: string, scope: Scope, scopes: readonly Scope[]): string =>
  `${leaf}: ${ADDRESSEES[scope]}${scopes.includes(scope) ? '' : ', which the contract does not have'}`;

/** Values of a topic parameter at and beyond its bounds. */
function parameterValues(
  parameter: TopicParameter,
): readonly (readonly [what: string, value: string, accepted: boolean])[] {
  const { minBytes, maxBytes } = TOPIC_PARAMETERS[parameter];
  const characters = (count: number): string => `of ${String(count)} ${count === 1 ? 'character' : 'characters'}`;
  return [
    [`${characters(minBytes)}, its fewest`, 'a'.repeat(minBytes), true],
    [`${characters(maxBytes)}, its most`, 'a'.repeat(maxBytes), true],
    ['of all kinds of characters', 'AZaz09_-AZaz09_-', true],
    ['empty', '', false],
    ...(minBytes > 1 ? [[characters(minBytes - 1), 'a'.repeat(minBytes - 1), false] as const] : []),
    [characters(maxBytes + 1), 'a'.repeat(maxBytes + 1), false],
    ...[' ', '.', ':', '$', '\0', 'é'].map(
      (char) => [`with ${JSON.stringify(char)}`, 'a'.repeat(minBytes) + char, false] as const,
    ),
  ];
}

/** Topics of the contract, and what only looks like one. */
export function matchCases({ root, topics }: Contract): readonly MatchCase[] {
  const leaves = Object.keys(topics);
  const bounds = (leaf: string | undefined, parameter: TopicParameter): readonly MatchCase[] =>
    leaf === undefined
      ? []
      : parameterValues(parameter).map(([what, value, accepted]) => ({
          name: `${leaf}: {${parameter}} ${what}`,
          topic: topicAt(root, leaf, 'device', { [parameter]: value }),
          accepted,
        }));
  return [
    ...Object.entries(topics).flatMap(([leaf, { scopes }]) => leafCases(root, leaf, scopes)),
    ...bounds(
      leaves.find((leaf) => topics[leaf]?.scopes.includes('device') === true),
      'device',
    ),
    ...leaves.filter((leaf) => leaf.includes('{client}')).flatMap((leaf) => bounds(leaf, 'client')),
    ...rootCases(root, leaves),
  ];
}

function leafCases(root: string, leaf: string, scopes: readonly Scope[]): readonly MatchCase[] {
  const exact = SCOPES.filter((scope) => scope === 'device' || !leaf.includes('{')).map((scope) => ({
    name: nameIn(leaf, scope, scopes),
    topic: topicAt(root, leaf, scope),
    accepted: scopes.includes(scope),
  }));
  const scope = scopes.includes('device') ? 'device' : 'all';
  const topic = topicAt(root, leaf, scope);
  const start = topic.slice(0, -topicAt('', leaf, 'all').length);
  const inCapitals = leaf.replace(/[a-z]+(?![a-z]*\})/g, (word) => word.toUpperCase());
  const near: readonly (readonly [what: string, topic: string])[] = [
    ['without its last character', topic.slice(0, -1)],
    ['with a character behind it', `${topic}.`],
    ['with a slash behind it', `${topic}/`],
    ['with a level behind it', `${topic}/x`],
    ['with a level before it', topicAt(`${start}/x`, leaf, 'all')],
    ['with an empty level before it', topicAt(`${start}/`, leaf, 'all')],
    ['with + for its last level', topic.replace(/[^/]*$/, '+')],
    ['with # for its last level', topic.replace(/[^/]*$/, '#')],
    ['with NUL behind it', `${topic}\0`],
    ...(inCapitals === leaf ? [] : [['in capitals', topicAt(root, inCapitals, scope)] as const]),
  ];
  return [...exact, ...near.map(([what, text]) => ({ name: `${leaf}: ${what}`, topic: text, accepted: false }))];
}

function rootCases(root: string, leaves: readonly string[]): readonly MatchCase[] {
  const [leaf] = leaves;
  if (leaf === undefined) return [];
  const topic = topicAt(root, leaf, 'device');
  const behind = topic.slice(root.length);
  const near: readonly (readonly [what: string, topic: string])[] = [
    ['no topic at all', ''],
    ['the root alone', root],
    ['the root and a slash', `${root}/`],
    ['the level of devices alone', `${root}/devices`],
    ['a device alone', `${root}/devices/${DEVICE}`],
    ['a device and a slash', `${root}/devices/${DEVICE}/`],
    ['no level for the device', topic.replace(`/${DEVICE}`, '')],
    ['two levels for the device', topic.replace(`/${DEVICE}`, `/${DEVICE}/${DEVICE}`)],
    ['+ for the device', topic.replace(DEVICE, '+')],
    ['without the first slash', topic.slice(1)],
    ['with a slash before it', `/${topic}`],
    ['a root that is longer', `${root}x${behind}`],
    ['a root that is shorter', `${root.slice(0, -1)}${behind}`],
    ['below a shared subscription', `$share/group${topic}`],
    ['of the broker', '$SYS/broker/version'],
  ];
  return near.map(([what, text]) => ({ name: what, topic: text, accepted: false }));
}

/** Topics to build: in every scope, and with every bound of their parameters. */
export function buildCases({ topics }: Contract): readonly BuildCase[] {
  const first = Object.keys(topics).find((leaf) => topics[leaf]?.scopes.includes('device') === true);
  return Object.entries(topics).flatMap(([leaf, { scopes }]) => {
    const parameters: Parameters = { device: DEVICE, ...(leaf.includes('{client}') ? { client: CLIENT } : {}) };
    const plain = SCOPES.map((scope) => ({
      name: nameIn(leaf, scope, scopes),
      asked: { leaf, scope, ...(scope === 'device' ? parameters : {}) },
      accepted: scopes.includes(scope),
    }));
    const bounded: readonly TopicParameter[] = [
      ...(leaf === first ? (['device'] as const) : []),
      ...(leaf.includes('{client}') ? (['client'] as const) : []),
    ];
    const bounds = bounded.flatMap((parameter) =>
      parameterValues(parameter)
        // A C string ends at NUL.
        .filter(([, value]) => !value.includes('\0'))
        .map(([what, value, accepted]) => ({
          name: `${leaf}: {${parameter}} ${what}`,
          asked: { leaf, scope: 'device' as const, ...parameters, [parameter]: value },
          accepted,
        })),
    );
    return [...plain, ...bounds];
  });
}
