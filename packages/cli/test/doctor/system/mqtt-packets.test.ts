import * as fc from 'fast-check';
import mqtt from 'mqtt-packet';
import { expect, test } from 'vitest';
import {
  connectPacket,
  publishOf,
  publishPacket,
  splitPackets,
  subackReasons,
  subscribePacket,
} from '../../../src/doctor/system/mqtt-packets.js';

/** Another program's reading of what is written here. */
function parse(bytes: Buffer): mqtt.Packet {
  const parser = mqtt.parser({ protocolVersion: 5 });
  const packets: mqtt.Packet[] = [];
  parser.on('packet', (packet) => packets.push(packet));
  parser.parse(bytes);
  const [packet] = packets;
  if (packet === undefined) throw new Error('nothing was parsed');
  return packet;
}

test('writes packets that another program reads', () => {
  expect(parse(connectPacket('doctor-1'))).toMatchObject({ cmd: 'connect', clientId: 'doctor-1', protocolVersion: 5 });
  const long = Array.from({ length: 20 }, (_, index) => `/esp/devices/+/leaf-${index}`);
  expect(parse(subscribePacket(3, long))).toMatchObject({
    messageId: 3,
    subscriptions: long.map((topic) => ({ topic })),
  });
  expect(parse(publishPacket(7, '/esp/ü'))).toMatchObject({
    ...{ topic: '/esp/ü', messageId: 7, qos: 1, retain: false },
    properties: { messageExpiryInterval: 1 },
  });
});

test('reads a publish of any QoS, whole or in pieces', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0, 1, 2),
      fc.string({ minLength: 1, maxLength: 200 }).filter((topic) => !/[#+\0]/.test(topic)),
      fc.uint8Array({ maxLength: 500 }),
      fc.nat(1000),
      (qos, topic, payload, cut) => {
        const properties = { messageExpiryInterval: 9, userProperties: { a: 'b' } };
        const bytes = mqtt.generate(
          {
            cmd: 'publish',
            qos: qos as 0,
            topic,
            payload: Buffer.from(payload),
            dup: false,
            retain: true,
            messageId: 5,
            properties,
          },
          { protocolVersion: 5 },
        );
        const first = splitPackets(bytes.subarray(0, cut));
        const packets = [
          ...(first?.packets ?? []),
          ...(splitPackets(Buffer.concat([first?.rest ?? Buffer.alloc(0), bytes.subarray(cut)]))?.packets ?? []),
        ];
        expect(packets).toHaveLength(1);
        const read = packets.map(publishOf)[0];
        expect(read).toMatchObject({ topic, id: qos === 0 ? undefined : 5 });
        expect([...(read?.payload ?? [])]).toEqual([...payload]);
      },
    ),
  );
});

test('reads the reasons of a SUBACK behind its properties', () => {
  const bytes = mqtt.generate(
    { cmd: 'suback', messageId: 2, granted: [0, 135, 1], properties: { reasonString: 'some' } },
    { protocolVersion: 5 },
  );
  expect(splitPackets(bytes)?.packets.map(subackReasons)).toEqual([[0, 135, 1]]);
});

test('hostile bytes end, and are never read beyond their end', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      for (const packet of splitPackets(Buffer.from(bytes))?.packets ?? []) {
        publishOf(packet);
        subackReasons(packet);
      }
    }),
  );
  expect(splitPackets(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]))).toBeUndefined();
});
