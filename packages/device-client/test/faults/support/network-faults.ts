import type { MosquittoTestBroker } from '../../fixtures/test-broker.js';
import type { PassingPacket, ProxiedConnection } from './packet-proxy.js';

/** What a fault may use. */
export interface FaultContext {
  readonly broker: MosquittoTestBroker;
  /** Resolves after so many milliseconds: how long a fault lasts is part of the fault. */
  readonly sleep: (ms: number) => Promise<void>;
}

/** One way for the network or the broker to fail. */
export interface NetworkFault {
  readonly name: string;
  /** Needs a broker of its own: it stops more than one connection. */
  readonly hitsBroker: boolean;
  /** The client's connection cannot live on. */
  readonly endsConnection: boolean;
  /** The client is told at once, by an end or a reset. */
  readonly tells: boolean;
  /** Strikes before `packet` is passed on; resolves when the fault is over. Connections of later are not concerned. */
  strike(packet: PassingPacket, context: FaultContext): Promise<void>;
}

/** Longer than all deadlines of a scenario and than its keep-alive. */
const LONG_MS = 3_000;

export const NETWORK_FAULTS: readonly NetworkFault[] = [
  {
    name: 'reset',
    hitsBroker: false,
    endsConnection: true,
    tells: true,
    strike: atOnce((connection) => {
      connection.reset();
    }),
  },
  {
    name: 'end',
    hitsBroker: false,
    endsConnection: true,
    tells: true,
    strike: atOnce((connection) => {
      connection.fin();
    }),
  },
  {
    name: 'torn packet',
    hitsBroker: false,
    endsConnection: true,
    tells: true,
    strike: async ({ connection, from, bytes }) => {
      connection.pass(from, bytes.subarray(0, Math.ceil(bytes.length / 2)));
      connection.hold();
      // Let the half packet arrive: a reset would overtake it.
      await new Promise((resolve) => setImmediate(resolve));
      connection.fin();
    },
  },
  {
    name: 'half open',
    hitsBroker: false,
    endsConnection: true,
    tells: false,
    strike: atOnce((connection) => {
      connection.swallow();
    }),
  },
  {
    name: 'short pause',
    hitsBroker: false,
    endsConnection: false,
    tells: false,
    strike: async ({ connection }, { sleep }) => {
      connection.hold();
      await sleep(200);
      connection.resume();
    },
  },
  {
    name: 'long pause',
    hitsBroker: false,
    endsConnection: false,
    tells: false,
    strike: async ({ connection }, { sleep }) => {
      connection.hold();
      await sleep(LONG_MS);
      connection.resume();
    },
  },
  {
    name: 'slow link',
    hitsBroker: false,
    endsConnection: false,
    tells: false,
    strike: atOnce((connection) => {
      connection.trickle();
    }),
  },
  {
    name: 'broker killed',
    hitsBroker: true,
    endsConnection: true,
    tells: true,
    strike: async (_, { broker, sleep }) => {
      await broker.kill();
      await sleep(50);
      await broker.restart();
    },
  },
  {
    name: 'broker frozen for a moment',
    hitsBroker: true,
    endsConnection: false,
    tells: false,
    strike: (_, context) => freeze(context, 200),
  },
  {
    name: 'broker frozen for long',
    hitsBroker: true,
    endsConnection: false,
    tells: false,
    strike: (_, context) => freeze(context, LONG_MS),
  },
];

/** Cuts every connection before its nth packet, four times. */
export const FLAPS = 4;

async function freeze({ broker, sleep }: FaultContext, ms: number): Promise<void> {
  broker.freeze();
  await sleep(ms);
  broker.thaw();
}

function atOnce(act: (connection: ProxiedConnection) => void): NetworkFault['strike'] {
  return ({ connection }) => {
    act(connection);
    return Promise.resolve();
  };
}
