import type { InboundMessage, MqttPort, MqttPortOptions } from '../../src/ports/mqtt-port.js';
import type { VirtualTime } from './virtual-time.js';

const LATENCY_MS = 20;
const RETRY_MS = 2000;

export interface Received {
  readonly topic: string;
  readonly payload: string;
  readonly correlation: string;
}

/** A broker for one device, without a network: it takes everything and acknowledges it. */
export interface MemoryBroker {
  readonly createMqttPort: (options: MqttPortOptions) => MqttPort;
  /** To the device, if it is connected. */
  send(message: Omit<InboundMessage, 'retained'>): void;
  readonly connected: boolean;
  /** While this is false, nobody gets in; setting it ends the connection. */
  reachable: boolean;
}

export const createMemoryBroker = (time: VirtualTime, received: (message: Received) => void): MemoryBroker => {
  const { clock } = time;
  let reachable = true;
  let current: { readonly options: MqttPortOptions; up: boolean } | undefined;

  const createMqttPort = (options: MqttPortOptions): MqttPort => {
    const link = { options, up: false };
    let cancel: () => void = () => undefined;
    const later = (action: () => void): void => {
      clock.schedule(LATENCY_MS, () => {
        if (current === link && link.up) action();
      });
    };
    const open = (): void => {
      cancel = clock.schedule(LATENCY_MS, () => {
        if (reachable) {
          link.up = true;
          options.events.connected();
        } else {
          cancel = clock.schedule(RETRY_MS, open);
          options.events.connectFailed('unreachable');
        }
      });
    };
    const end = (): void => {
      cancel();
      link.up = false;
      if (current === link) current = undefined;
    };
    current = link;
    return {
      get connected() {
        return link.up;
      },
      start: open,
      publish({ token, topic, payload, qos, correlation }) {
        if (!link.up) return false;
        const message = {
          topic,
          payload: Buffer.from(payload).toString('utf8'),
          correlation: Buffer.from(correlation ?? []).toString('hex'),
        };
        later(() => {
          received(message);
          if (qos === 1)
            later(() => {
              options.events.published(token);
            });
        });
        return true;
      },
      subscribe: () => link.up,
      stop() {
        end();
        return Promise.resolve();
      },
      kill: end,
    };
  };
  return {
    createMqttPort,
    send(message) {
      const link = current;
      if (link?.up !== true) return;
      clock.schedule(LATENCY_MS, () => {
        if (current === link && link.up) link.options.events.message({ ...message, retained: false });
      });
    },
    get connected() {
      return current?.up === true;
    },
    get reachable() {
      return reachable;
    },
    set reachable(next) {
      reachable = next;
      const link = current;
      if (next || link?.up !== true) return;
      link.up = false;
      link.options.events.disconnected();
      // As the real port: an attempt after a while, until somebody answers.
      const again = (): void => {
        if (current !== link) return;
        if (reachable) {
          link.up = true;
          link.options.events.connected();
        } else {
          link.options.events.connectFailed('unreachable');
          clock.schedule(RETRY_MS, again);
        }
      };
      clock.schedule(RETRY_MS, again);
    },
  };
};
