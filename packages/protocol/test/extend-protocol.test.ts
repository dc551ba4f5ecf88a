import { describe, expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import {
  accessRules,
  command,
  defineProtocol,
  event,
  extendProtocol,
  integer,
  isProtocol,
  json,
  matchTopic,
  secureEspV1,
  text,
  topicOf,
  withRoot,
  type CommandName,
  type DocumentValue,
  type TopicValue,
} from '../src/index.js';

const lamp = extendProtocol(secureEspV1, {
  name: 'lamp',
  topics: {
    'lamp/level': command(text(integer(0, 100), { maxBytes: 8 }), { description: 'Brightness, percent.' }),
    'lamp/state': event(json(z.object({ level: integer(0, 100) }), { maxBytes: 32 }), { description: 'As it is.' }),
  },
  documents: { scene: json(z.object({ level: integer(0, 100) }), { maxBytes: 32 }) },
});

describe('extendProtocol', () => {
  test('keeps what the base has and adds the rest', () => {
    expect(Object.keys(lamp.topics)).toEqual([...Object.keys(secureEspV1.topics), 'lamp/level', 'lamp/state']);
    expect(Object.keys(lamp.documents)).toEqual([...Object.keys(secureEspV1.documents), 'scene']);
    expect([lamp.name, lamp.version, lamp.root]).toEqual(['lamp', 1, '/esp']);
    expect(isProtocol(lamp) && Object.isFrozen(lamp)).toBe(true);
  });

  test('makes a contract that works like any other', () => {
    const topic = topicOf(lamp, 'lamp/level', { scope: 'device', device: 'a' });
    expect(matchTopic(lamp, topic)?.leaf).toBe('lamp/level');
    expect(lamp.codecs['lamp/level'].decode(lamp.codecs['lamp/level'].encode(7))).toEqual({ ok: true, value: 7 });
    expect(lamp.codecs['update/use_url'].decode(lamp.codecs['update/use_url'].encode(1))).toMatchObject({ ok: true });
    expect(accessRules(lamp).some(({ filter }) => filter === '/esp/lamp/level')).toBe(true);
  });

  test('infers the types of both', () => {
    expectTypeOf<TopicValue<typeof lamp, 'lamp/level'>>().toEqualTypeOf<number>();
    expectTypeOf<TopicValue<typeof lamp, 'lamp/state'>>().toEqualTypeOf<{ level: number }>();
    expectTypeOf<TopicValue<typeof lamp, 'update/interval'>>().toEqualTypeOf<number>();
    expectTypeOf<DocumentValue<typeof lamp, 'scene'>>().toEqualTypeOf<{ level: number }>();
    expectTypeOf<Extract<'lamp/level' | 'lamp/state' | 'restart' | 'status', CommandName<typeof lamp>>>().toEqualTypeOf<
      'lamp/level' | 'restart'
    >();
  });

  test('hashes all of it, like a contract written in one piece', () => {
    const { name, version, topics, documents } = lamp;
    expect(lamp.contractHash).toBe(defineProtocol({ name, version, root: '/x', topics, documents }).contractHash);
    expect(lamp.contractHash).not.toBe(extendProtocol(secureEspV1, { name: 'lamp' }).contractHash);
    expect(extendProtocol(secureEspV1, {}).contractHash).toBe(secureEspV1.contractHash);
  });

  test('takes name, version and root, and extends an extended one', () => {
    const more = extendProtocol(withRoot(lamp, '/acme'), { version: 2, topics: { 'lamp/off': lamp.topics.restart } });
    expect([more.name, more.version, more.root]).toEqual(['lamp', 2, '/acme']);
    expect('lamp/level' in more.codecs && 'lamp/off' in more.codecs && 'status' in more.codecs).toBe(true);
    expect(extendProtocol(lamp, { root: '/elsewhere' }).root).toBe('/elsewhere');
  });

  test('keeps notes on topics; the versions in them only while it counts on from those of the base', () => {
    const topics = {
      old: command(text(integer(0, 1), { maxBytes: 4 }), { description: 'd', deprecated: 'Use new.', since: 1 }),
      new: command(text(integer(0, 1), { maxBytes: 4 }), { description: 'd', since: 2 }),
    };
    const base = defineProtocol({ name: 'base', version: 2, root: '/x', topics });
    const more = { more: command(text(integer(0, 1), { maxBytes: 4 }), { description: 'd', since: 1 }) };
    expect(extendProtocol(base, { topics: more }).topics.new.since).toBe(2);
    expect(extendProtocol(base, { version: 3, topics: more }).topics.new.since).toBe(2);
    const own = extendProtocol(base, { name: 'own', version: 1, topics: more });
    expect([own.topics.old, own.topics.new, own.topics.more].map(({ since }) => since)).toEqual([
      undefined,
      undefined,
      1,
    ]);
    expect(own.topics.old.deprecated).toBe('Use new.');
  });

  const restart = secureEspV1.topics.restart;
  test.each<[string, () => unknown, string]>([
    ['a leaf of the base', () => extendProtocol(secureEspV1, { topics: { restart } }), 'restart'],
    [
      'a leaf of the base, even if it is the same',
      () => extendProtocol(secureEspV1, { topics: secureEspV1.topics }),
      'update/url',
    ],
    [
      'a document of the base',
      () => extendProtocol(secureEspV1, { documents: { manifest: secureEspV1.documents.manifest } }),
      'manifest',
    ],
    ['a leaf that is none', () => extendProtocol(secureEspV1, { topics: { 'a/#': restart } }), 'a/#'],
    ['a root that is none', () => extendProtocol(secureEspV1, { root: 'x' }), 'root'],
  ])('refuses %s', (_what, body, path) => {
    expect(body).toThrow(expect.objectContaining({ name: 'ProtocolError', code: 'invalid_definition', path }));
  });
});
