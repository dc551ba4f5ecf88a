import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PresenceTable, type PresenceChange } from '../../src/fleet/presence-table.js';

const input = fc.oneof(
  fc.record({
    type: fc.constant('status' as const),
    device: fc.constantFrom('a', 'b', 'c'),
    online: fc.constantFrom(true, false, undefined),
  }),
  fc.record({ type: fc.constant('confirm' as const), device: fc.constantFrom('a', 'b', 'c') }),
  fc.constantFrom({ type: 'doubt' as const }, { type: 'settle' as const }),
);

describe('who is there', () => {
  it('is always what its changes add up to, and no change says what was known', () => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 60 }), (inputs) => {
        const table = new PresenceTable();
        const told = new Map<string, boolean>();
        let at = 0;
        const take = ({ device, type }: PresenceChange): void => {
          expect(told.get(device)).not.toBe(type === 'forgotten' ? undefined : type === 'online');
          if (type === 'forgotten') told.delete(device);
          else told.set(device, type === 'online');
        };
        for (const one of inputs) {
          at += 1;
          if (one.type === 'status') {
            const change = table.apply(one.device, one.online, at, false);
            if (change !== undefined) take(change);
          } else if (one.type === 'confirm') table.confirm(one.device);
          else if (one.type === 'doubt') table.doubt();
          else table.settle(at).forEach(take);
          expect([...table.devices].map(([device, { online }]) => [device, online])).toEqual(
            expect.arrayContaining([...told]),
          );
          expect(table.devices.size).toBe(told.size);
        }
      }),
    );
  });

  it('forgets after a reconnect exactly those that the broker did not send again', () => {
    const table = new PresenceTable();
    for (const device of ['same', 'changed', 'lost']) table.apply(device, true, 1, true);
    expect(table.settle(2)).toEqual([]);
    table.doubt();
    table.confirm('same');
    table.apply('changed', false, 3, true);
    expect(table.settle(4).map(({ device, type }) => [device, type])).toEqual([['lost', 'forgotten']]);
    expect([...table.devices.keys()]).toEqual(['same', 'changed']);
    expect(table.devices.get('same')).toEqual({ online: true, since: 1 });
  });
});
