import type { EventEmitter } from 'node:events';
import type { Aedes, Client } from 'aedes';

/**
 * aedes 2.0.0-beta.1 keeps clients and subscriptions in plain objects, lets an exception of a packet handler end the
 * process, and queues without bound. A client with a valid certificate could therefore end or fill the broker. These are the
 * few places where that is closed; each has a test that shows the fault.
 */
interface Internals {
  clients: Record<string, Client | undefined>;
  readonly persistence: Persistence;
}
interface ClientInternals {
  subscriptions: Record<string, unknown>;
  readonly _parser: EventEmitter & { parse(data: Buffer): unknown };
}
interface Persistence {
  outgoingEnqueueCombi(subscriptions: readonly { clientId: string }[], packet: unknown): Promise<void>;
  outgoingClearMessageId(client: { id: string }, packet: unknown): Promise<unknown>;
}

/** Client ids such as `constructor` or `__proto__` name properties of every plain object. */
export function hardenBroker(broker: Aedes, maxQueuedMessages: number): void {
  const internals = broker as unknown as Internals;
  internals.clients = Object.create(null) as Internals['clients'];
  limitQueues(internals, maxQueuedMessages);
}

/**
 * Makes a fault in parsing or handling this client's packets the end of its connection, not of the process. To be called
 * right after `broker.handle()`, before a byte was read.
 */
export function hardenClient(client: Client): void {
  const internals = client as unknown as ClientInternals;
  internals.subscriptions = Object.create(null) as ClientInternals['subscriptions'];
  const fault = (error: unknown) => client.emit('error', error instanceof Error ? error : new Error(String(error)));
  const { _parser: parser } = internals;
  const parse = parser.parse.bind(parser);
  parser.parse = (data) => {
    try {
      return parse(data);
    } catch (error) {
      fault(error);
      return 0;
    }
  };
  // Packets that arrived before CONNACK are handled by a listener of this event.
  for (const listener of client.listeners('connected')) {
    client.removeListener('connected', listener as () => void);
    client.once('connected', () => {
      try {
        listener.call(client);
      } catch (error) {
        fault(error);
      }
    });
  }
}

/** For clients that are connected, the queue holds what they have not acknowledged yet: they get this many times more. */
const CONNECTED_FACTOR = 10;

/** Drops what exceeds a client's queue. Every removal goes through `outgoingClearMessageId`, so the count is exact. */
function limitQueues({ clients, persistence }: Internals, maxQueuedMessages: number): void {
  const lengths = new Map<string, number>();
  const enqueue = persistence.outgoingEnqueueCombi.bind(persistence);
  const clear = persistence.outgoingClearMessageId.bind(persistence);
  persistence.outgoingEnqueueCombi = (subscriptions, packet) => {
    const accepted = subscriptions.filter(({ clientId }) => {
      const length = lengths.get(clientId) ?? 0;
      const room = length < maxQueuedMessages * (clients[clientId] === undefined ? 1 : CONNECTED_FACTOR);
      if (room) lengths.set(clientId, length + 1);
      return room;
    });
    return enqueue(accepted, packet);
  };
  persistence.outgoingClearMessageId = async (client, packet) => {
    const cleared = await clear(client, packet);
    const length = lengths.get(client.id);
    if (cleared !== undefined && length !== undefined) {
      if (length > 1) lengths.set(client.id, length - 1);
      else lengths.delete(client.id);
    }
    return cleared;
  };
}
