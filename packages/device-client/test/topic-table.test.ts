import { matchTopic, secureEspV1, topicOf, type Protocol } from '@secure-esp/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TopicTable } from '../src/topic-table.js';

const CLIENT = 'client-0123456789abcdef';
const OTHER = 'other-0123456789abcdef0';
const leaves = Object.keys(secureEspV1.topics);

describe('the topic table', () => {
  it('says of every topic what the contract says, and nothing of other clients', () => {
    const table = new TopicTable(secureEspV1, CLIENT);
    const level = fc.oneof(
      fc.constantFrom(
        'esp',
        'devices',
        'esp-001',
        'a.b',
        '',
        'replies',
        CLIENT,
        OTHER,
        '+',
        '{client}',
        'x'.repeat(65),
      ),
      fc.constantFrom(...leaves),
    );
    const topics = fc.oneof(
      fc.array(level, { maxLength: 6 }).map((levels) => `/${levels.join('/')}`),
      fc.constantFrom(...leaves).map((leaf) => `/esp/devices/esp-001/${leaf.replace('{client}', CLIENT)}`),
      fc.constantFrom(...leaves).map((leaf) => `/esp/${leaf.replace('{client}', OTHER)}`),
    );
    fc.assert(
      fc.property(topics, (topic) => {
        const match = matchTopic(secureEspV1, topic);
        const expected = match === undefined || (match.client ?? CLIENT) !== CLIENT ? undefined : match;
        expect(table.match(topic)).toEqual(
          expected === undefined ? undefined : { leaf: expected.leaf, scope: expected.scope, device: expected.device },
        );
      }),
    );
  });

  it('writes the topics that the contract writes', () => {
    const table = new TopicTable(secureEspV1, CLIENT);
    const protocol: Protocol = secureEspV1;
    for (const [leaf, topic] of Object.entries(protocol.topics)) {
      if (!topic.scopes.includes('device')) continue;
      const address = { scope: 'device', device: 'esp-001', client: CLIENT } as const;
      expect(table.topicOf(leaf, 'esp-001')).toBe(topicOf(protocol, leaf, address));
    }
  });
});
