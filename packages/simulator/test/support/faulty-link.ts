import { createBackoff } from '../../src/ports/backoff.js';
import type { ConnectFailure } from '../../src/ports/mqtt-failure.js';
import type { InboundMessage, MqttPort, MqttPortOptions } from '../../src/ports/mqtt-port.js';

const LATENCY_MS = 20;

export interface Published {
  readonly topic: string;
  readonly payload: string;
  readonly correlation: string;
}

/** A device's way to its broker: it can be cut, and refused in every way that there is. Reconnects as the real port does. */
export interface FaultyLink {
  readonly createMqttPort: (options: MqttPortOptions) => MqttPort;
  /** Why nobody gets in; setting it ends the connection. */
  fault: ConnectFailure | undefined;
  /** Nothing that the device sends arrives, and nothing is acknowledged. */
  deaf: boolean;
  readonly connected: boolean;
  send(message: InboundMessage): void;
}

export const createFaultyLink = (published: (message: Published) => void): FaultyLink => {
  let fault: ConnectFailure | undefined;
  let deaf = false;
  let current: { readonly options: MqttPortOptions; up: boolean; readonly lose: () => void } | undefined;

  const createMqttPort = (options: MqttPortOptions): MqttPort => {
    const { clock, events } = options;
    const backoff = createBackoff(options.random, options.backoff);
    let cancel: () => void = () => undefined;
    const open = (): void => {
      cancel = clock.schedule(LATENCY_MS, () => {
        if (fault !== undefined) {
          events.connectFailed(fault);
          cancel = clock.schedule(backoff.nextMs(), open);
          return;
        }
        link.up = true;
        backoff.reset();
        events.connected();
      });
    };
    const link = {
      options,
      up: false,
      lose() {
        link.up = false;
        events.disconnected();
        cancel = clock.schedule(backoff.nextMs(), open);
      },
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
        clock.schedule(LATENCY_MS, () => {
          if (!link.up || deaf) return;
          published({
            topic,
            payload: Buffer.from(payload).toString('utf8'),
            correlation: Buffer.from(correlation ?? []).toString('hex'),
          });
          if (qos === 1) events.published(token);
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
    get fault() {
      return fault;
    },
    set fault(next) {
      fault = next;
      if (next !== undefined && current?.up === true) current.lose();
    },
    get deaf() {
      return deaf;
    },
    set deaf(next) {
      deaf = next;
    },
    get connected() {
      return current?.up === true;
    },
    send(message) {
      const link = current;
      link?.options.clock.schedule(LATENCY_MS, () => {
        if (current === link && link.up) link.options.events.message(message);
      });
    },
  };
};
