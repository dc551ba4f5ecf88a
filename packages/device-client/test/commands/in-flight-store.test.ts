import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InFlightStore } from '../../src/commands/in-flight-store.js';
import { systemRandom } from '../../src/environment.js';

describe('commands in flight', () => {
  it('are settled only by their own device with their own correlation data, and only once', async () => {
    const device = fc.constantFrom('a', 'b', 'c');
    await fc.assert(
      fc.asyncProperty(
        fc.array(device, { minLength: 1, maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        async (devices, draw) => {
          const store = new InFlightStore<number>(systemRandom);
          const commands = devices.map((name) => ({ name, command: store.add(name) }));
          const order = [...commands].sort(() => (draw.next().value % 2 === 0 ? 1 : -1));
          for (const [index, { name, command }] of order.entries()) {
            for (const other of ['a', 'b', 'c'].filter((one) => one !== name)) {
              expect(store.find(other, command.correlationData)).toBeUndefined();
            }
            const found = store.find(name, Uint8Array.from(command.correlationData));
            expect(found).toBe(command);
            found?.settle(index);
            expect(store.find(name, command.correlationData)).toBeUndefined();
            found?.settle(-1);
            expect(await command.reply).toBe(index);
          }
          expect(store.size).toBe(0);
        },
      ),
    );
  });

  it('are strangers once forgotten', () => {
    const store = new InFlightStore<number>(systemRandom);
    const command = store.add('a');
    command.forget();
    command.forget();
    expect(store.find('a', command.correlationData)).toBeUndefined();
  });
});
