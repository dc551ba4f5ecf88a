import { boundedString, command, defineProtocol, event, integer, json, text } from '@secure-esp/protocol';
import type { DeviceSettings, DeviceStatus, Protocol, Reply, UpdateStateEvent } from '@secure-esp/protocol';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import type {
  Client,
  CommandOptions,
  Device,
  DeviceClientError,
  DeviceEvent,
  EventStream,
  Fleet,
  FleetCallOptions,
  FleetCommandOptions,
  FleetResult,
  FleetRun,
  FleetUpdateOptions,
  PresenceStream,
  UpdateResult,
  UpdateRunOptions,
  WaitOptions,
} from '../src/index.js';

type Ok = Extract<Reply, { ok: true }>;

const user = defineProtocol({
  name: 'user',
  version: 1,
  root: '/user',
  topics: {
    'pump/max_flow-rate': command(text(integer(0, 9), { maxBytes: 4 }), { description: 'x' }),
    'update/run': command(text(integer(0, 9), { maxBytes: 4 }), { description: 'x' }),
    pressure: event(json(z.object({ bar: integer(0, 9) }), { maxBytes: 64 }), { description: 'x', retain: true }),
    'answers/{client}': event(json(z.object({ ok: z.literal(true), at: integer(0, 9) }), { maxBytes: 64 }), {
      description: 'x',
    }),
    log: event(text(boundedString({ maxBytes: 9 }), { maxBytes: 9 }), { description: 'x' }),
  },
});

describe('types', () => {
  it('map the secure-esp contract to methods', () => {
    expectTypeOf<Device['restart']>().toEqualTypeOf<(options?: CommandOptions) => Promise<Ok>>();
    expectTypeOf<Device['update']['url']>().toEqualTypeOf<(value: string, options?: CommandOptions) => Promise<Ok>>();
    expectTypeOf<Device['update']['useUrl']>().parameter(0).toEqualTypeOf<number>();
    expectTypeOf<Device['update']['interval']>().parameter(0).toEqualTypeOf<number>();
    expectTypeOf<Device['update']['run']>().toEqualTypeOf<(options?: UpdateRunOptions) => Promise<UpdateResult>>();
    expectTypeOf<Device['status']>().toEqualTypeOf<(options?: WaitOptions) => Promise<DeviceStatus>>();
    expectTypeOf<Device['settings']>().returns.resolves.toEqualTypeOf<DeviceSettings>();
    expectTypeOf<Device['updateState']>().returns.resolves.toEqualTypeOf<UpdateStateEvent>();
    expectTypeOf<Device['logs']>().returns.toEqualTypeOf<EventStream<string>>();
    expectTypeOf<Device['states']>().returns.toEqualTypeOf<EventStream<UpdateStateEvent>>();
    expectTypeOf<Client['presence']>().returns.toEqualTypeOf<PresenceStream>();
    expectTypeOf<Client['broadcast']['update']['interval']>().toEqualTypeOf<
      (value: number, options?: WaitOptions) => Promise<void>
    >();
    expectTypeOf<Client['broadcast']['update']['run']>().toEqualTypeOf<(options?: WaitOptions) => Promise<void>>();
  });

  it('narrow events by type', () => {
    const read = (event: DeviceEvent): unknown => {
      if (event.type === 'status') expectTypeOf(event.value).toEqualTypeOf<DeviceStatus>();
      if (event.type === 'log') expectTypeOf(event.value).toEqualTypeOf<string>();
      if (event.type === 'dropped') expectTypeOf(event.count).toEqualTypeOf<number>();
      return event;
    };
    expectTypeOf(read).toBeFunction();
    expectTypeOf<DeviceEvent['type']>().toEqualTypeOf<
      'log' | 'status' | 'update/state' | 'settings' | 'cleared' | 'dropped'
    >();
  });

  it('map a contract of the user', () => {
    expectTypeOf(user).toExtend<Protocol>();
    type Own = Device<typeof user>;
    type Answer = { ok: true; at: number };
    expectTypeOf<Own['pump']['maxFlowRate']>().toEqualTypeOf<
      (value: number, options?: CommandOptions) => Promise<Answer>
    >();
    // Without update states there is nothing to await: the plain command.
    expectTypeOf<Own['update']['run']>().toEqualTypeOf<(value: number, options?: CommandOptions) => Promise<Answer>>();
    expectTypeOf<Own>().not.toHaveProperty('status');
    expectTypeOf<Own>().toHaveProperty('logs');
    const read = (device: Own): Promise<{ bar: number }> => device.read('pressure');
    expectTypeOf(read).toBeFunction();
    const wrong = (device: Own): void => {
      // @ts-expect-error not a command of this contract
      void device.send('restart');
      // @ts-expect-error the value is missing
      void device.send('update/run');
      // @ts-expect-error replies are not watched
      device.events('answers/{client}');
    };
    expectTypeOf(wrong).toBeFunction();
    expectTypeOf<Own>().not.toHaveProperty('states');
  });

  it('map the secure-esp contract to a fleet', () => {
    expectTypeOf<Fleet['restart']>().toEqualTypeOf<(options?: FleetCommandOptions) => FleetRun<Ok>>();
    expectTypeOf<Fleet['update']['interval']>().toEqualTypeOf<
      (value: number, options?: FleetCommandOptions) => FleetRun<Ok>
    >();
    expectTypeOf<Fleet['update']['run']>().toEqualTypeOf<(options?: FleetUpdateOptions) => FleetRun<UpdateResult>>();
    expectTypeOf<Fleet['status']>().toEqualTypeOf<(options?: FleetCallOptions) => FleetRun<DeviceStatus>>();
    expectTypeOf<Fleet>().not.toHaveProperty('reboot');
    // Streams are of a device, or of the client.
    expectTypeOf<Fleet>().not.toHaveProperty('logs');
    expectTypeOf<Fleet['settings']>().returns.toEqualTypeOf<FleetRun<DeviceSettings>>();
    expectTypeOf<Fleet['updateState']>().returns.toEqualTypeOf<FleetRun<UpdateStateEvent>>();
    const read = async (fleet: Fleet): Promise<void> => {
      for await (const result of fleet.restart()) {
        expectTypeOf(result).toEqualTypeOf<FleetResult<Ok>>();
        if (result.ok) expectTypeOf(result.value).toEqualTypeOf<Ok>();
        else expectTypeOf(result.error).toEqualTypeOf<DeviceClientError>();
      }
      expectTypeOf(await fleet.read('settings').all()).toEqualTypeOf<FleetResult<DeviceSettings>[]>();
    };
    expectTypeOf(read).toBeFunction();
    const wrong = (client: Client): void => {
      const fleet = client.fleet(['esp-001'], { concurrency: 4 });
      client.fleet({ present: true });
      // @ts-expect-error one id is no fleet
      client.fleet('esp-001');
      // @ts-expect-error there is no call to those that are away
      client.fleet({ present: false });
      // @ts-expect-error an interval is a number
      fleet.update.interval('600');
      // @ts-expect-error the value is missing
      fleet.update.url();
      // @ts-expect-error concurrency is of the fleet, not of a call
      fleet.restart({ concurrency: 1 });
      // @ts-expect-error progress is of updates
      fleet.restart({ onProgress: () => undefined });
    };
    expectTypeOf(wrong).toBeFunction();
  });

  it('map a contract of the user to a fleet', () => {
    type Own = Fleet<typeof user>;
    type Answer = { ok: true; at: number };
    expectTypeOf<Own['pump']['maxFlowRate']>().toEqualTypeOf<
      (value: number, options?: FleetCommandOptions) => FleetRun<Answer>
    >();
    // Without update states there is nothing to await: the plain command.
    expectTypeOf<Own['update']['run']>().toEqualTypeOf<
      (value: number, options?: FleetCommandOptions) => FleetRun<Answer>
    >();
    expectTypeOf<Own>().not.toHaveProperty('status');
    expectTypeOf<Own>().not.toHaveProperty('restart');
    const wrong = (client: Client<typeof user>): void => {
      const fleet = client.fleet(['pump-1']);
      expectTypeOf(fleet.read('pressure')).toEqualTypeOf<FleetRun<{ bar: number }>>();
      expectTypeOf(fleet.send('update/run', 3)).toEqualTypeOf<FleetRun<Answer>>();
      // @ts-expect-error a flow rate is a number
      fleet.pump.maxFlowRate('fast');
      // @ts-expect-error not a command of this contract
      fleet.send('restart');
      // @ts-expect-error not an event of this contract
      fleet.read('status');
      // @ts-expect-error its devices do not tell whether they are there
      client.fleet({ present: true });
      // @ts-expect-error nor is there anything to watch them by
      client.presence();
    };
    expectTypeOf(wrong).toBeFunction();
  });
});
