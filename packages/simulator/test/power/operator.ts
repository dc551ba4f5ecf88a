import type { FaultyLink, Published } from '../support/faulty-link.js';
import type { VirtualTime } from './virtual-time.js';

const PATIENCE_MS = 5000;
const CLIENT = 'operator-0123456789';

export interface Command {
  readonly leaf: string;
  readonly payload: string;
  /** Sent again until the device says yes, also after a power loss. Otherwise sent once. */
  readonly insist: boolean;
}

/** Somebody who sends one command after the other. */
export interface Operator {
  readonly received: (message: Published) => void;
  /** Begins, as soon as the device is connected. */
  start(): void;
  /** Leaves of the commands to which the device said yes. */
  readonly granted: readonly string[];
  /** Run numbers that the device promised. */
  readonly runs: readonly number[];
  readonly done: boolean;
}

export const createOperator = (
  time: VirtualTime,
  broker: () => FaultyLink,
  id: string,
  commands: readonly Command[],
): Operator => {
  const granted: string[] = [];
  const runs: number[] = [];
  const open = [...commands];
  let count = 0;
  let waiting: string | undefined;

  const attempt = (): void => {
    const command = open[0];
    if (command === undefined) return;
    count += 1;
    const correlation = Buffer.alloc(16);
    correlation.writeUInt32LE(count);
    waiting = correlation.toString('hex');
    const mine = waiting;
    broker().send({
      topic: `/esp/devices/${id}/${command.leaf}`,
      payload: Buffer.from(command.payload),
      retained: false,
      responseTopic: `/esp/devices/${id}/replies/${CLIENT}`,
      correlation,
    });
    time.clock.schedule(PATIENCE_MS, () => {
      if (waiting !== mine) return;
      if (!command.insist) open.shift();
      attempt();
    });
  };
  const begin = (): void => {
    if (broker().connected) attempt();
    else time.clock.schedule(1000, begin);
  };
  return {
    received({ topic, payload, correlation }) {
      if (!topic.endsWith(`/replies/${CLIENT}`) || correlation !== waiting) return;
      const reply = JSON.parse(payload) as { readonly ok: boolean; readonly run?: number };
      const command = open.shift();
      waiting = undefined;
      if (reply.ok && command !== undefined) granted.push(command.leaf);
      if (reply.ok && reply.run !== undefined) runs.push(reply.run);
      if (!reply.ok && command?.insist === true) open.unshift(command);
      time.clock.schedule(reply.ok ? 100 : PATIENCE_MS, attempt);
    },
    start: begin,
    granted,
    runs,
    get done() {
      return open.length === 0;
    },
  };
};
