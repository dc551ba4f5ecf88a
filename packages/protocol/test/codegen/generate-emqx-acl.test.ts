import { describe, expect, test } from 'vitest';
import { generateEmqxAcl } from '../../src/codegen/index.js';
import { accessRules, matchesFilter, secureEspV1, topicOf, type Protocol, type Role } from '../../src/index.js';
import { wideContract } from '../support/wide-contract.js';

type Action = 'publish' | 'subscribe';

interface Rule {
  readonly permission: string;
  readonly who: string;
  readonly action: string;
  readonly filters: readonly string[];
}

/** The part of acl.conf's grammar that is generated; throws for anything else. */
function parseAcl(content: string): readonly Rule[] {
  const terms = content
    .replace(/^%%.*$/gm, '')
    .split(/\.\n/)
    .map((term) => term.trim());
  return terms
    .filter((term) => term !== '')
    .map((term) => {
      if (term === '{deny, all}') return { permission: 'deny', who: 'all', action: 'all', filters: ['#'] };
      const who = String.raw`\{'or', \[(?:\{username, "[^"\\]*"\}(?:, )?)+\]\}|\{username, \{re, "[^"\\]*"\}\}`;
      const pattern = new RegExp(
        String.raw`^\{(allow|deny), (${who}), (publish|subscribe|all), \[\s*("[^"\\]*"(?:,\s*"[^"\\]*")*)\s*\]\}$`,
      );
      const [match, permission = '', subject = '', action = '', list = ''] = pattern.exec(term) ?? [];
      if (match === undefined) throw new Error(`not a rule: ${term}`);
      return {
        permission,
        who: subject,
        action,
        filters: [...list.matchAll(/"([^"]*)"/g)].map(([, filter]) => filter ?? ''),
      };
    });
}

function isMeant(who: string, username: string): boolean {
  if (who === 'all') return true;
  const pattern = /\{re, "([^"]*)"\}/.exec(who)?.[1];
  return pattern === undefined ? who.includes(`{username, "${username}"}`) : new RegExp(pattern).test(username);
}

/** As emqx_topic:match/2 does it: `+` also takes a wildcard of a subscription. */
function matches(topic: readonly string[], filter: readonly string[]): boolean {
  if (filter.length === 1 && filter[0] === '#') return true;
  if (topic.length === 0 || filter.length === 0) return topic.length === filter.length;
  return (filter[0] === '+' || filter[0] === topic[0]) && matches(topic.slice(1), filter.slice(1));
}

/** The first rule that matches decides, as in EMQX with `no_match = deny`. */
function allows(rules: readonly Rule[], username: string, action: Action, topic: string): boolean {
  const first = rules.find(
    (rule) =>
      isMeant(rule.who, username) &&
      (rule.action === 'all' || rule.action === action) &&
      rule.filters.some((filter) => matches(topic.split('/'), filter.replace('${username}', username).split('/'))),
  );
  return first?.permission === 'allow';
}

const OPERATORS = ['alice', 'bob smith'];
const CLIENT = 'client-0123456789';

describe.each([
  ['secure-esp version 1', secureEspV1 as Protocol],
  ['a contract with every feature', wideContract as Protocol],
])('the EMQX rules of %s', (_name, protocol) => {
  const rules = parseAcl(generateEmqxAcl(protocol, { operators: OPERATORS }));
  const topics = [
    ...Object.entries(protocol.topics).flatMap(([leaf, { scopes }]) =>
      scopes.flatMap((scope) =>
        ['esp-001', 'esp-002', 'alice'].map((device) =>
          topicOf(protocol, leaf, scope === 'all' ? { scope } : { scope, device, client: CLIENT }),
        ),
      ),
    ),
    ...[
      '/test',
      'test',
      protocol.root,
      `${protocol.root}/nothing`,
      `${protocol.root}/devices/esp-001/nothing`,
      '$SYS/brokers',
    ],
  ];
  const users: readonly (readonly [Role, string])[] = [
    ['device', 'esp-001'],
    ['device', 'esp-002'],
    ...OPERATORS.map((name) => ['operator', name] as const),
  ];

  test.each(users)('allow a %s called "%s" what the contract allows it, and nothing else', (role, username) => {
    for (const topic of topics) {
      for (const [action, access] of [
        ['publish', 'write'],
        ['subscribe', 'read'],
      ] as const) {
        const expected = accessRules(protocol).some(
          (rule) =>
            rule.role === role &&
            (rule.access === access || rule.access === 'readwrite') &&
            matchesFilter(rule.filter, topic, role === 'device' ? username : undefined),
        );
        expect([username, action, topic, allows(rules, username, action, topic)]).toEqual([
          username,
          action,
          topic,
          expected,
        ]);
      }
    }
  });

  test('allow no client whose name is a wildcard or has levels', () => {
    for (const username of ['', '+', '#', 'a/b', '+/status', '${username}', 'a'.repeat(65)]) {
      for (const topic of topics) {
        expect(allows(rules, username, 'subscribe', topic) || allows(rules, username, 'publish', topic)).toBe(false);
      }
    }
  });

  test('allow nobody to subscribe to everything', () => {
    for (const [, username] of users) {
      for (const filter of [
        '#',
        '/#',
        `${protocol.root}/#`,
        `${protocol.root}/devices/#`,
        `${protocol.root}/devices/+/#`,
        '$SYS/#',
      ]) {
        expect([username, filter, allows(rules, username, 'subscribe', filter)]).toEqual([username, filter, false]);
      }
    }
  });

  test('know devices only if there are no operators', () => {
    const content = generateEmqxAcl(protocol, { operators: [] });
    expect(content).not.toContain("'or'");
    expect(allows(parseAcl(content), 'alice', 'publish', '/test')).toBe(false);
  });
});

test.each(['', 'a"}', 'a\\', 'a\nb', 'ü', 'a'.repeat(65)])('an operator called %j is refused', (name) => {
  expect(() => generateEmqxAcl(secureEspV1, { operators: ['alice', name] })).toThrow(
    expect.objectContaining({
      name: 'ProtocolError',
      code: 'invalid_definition',
      path: expect.stringMatching(/^operators\./) as string,
    }),
  );
});

test('the same operators give the same bytes', () => {
  expect(generateEmqxAcl(secureEspV1, { operators: ['b', 'a', 'b'] })).toBe(
    generateEmqxAcl(secureEspV1, { operators: ['a', 'b'] }),
  );
});
