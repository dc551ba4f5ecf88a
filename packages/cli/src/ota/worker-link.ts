import { CliError } from '../errors.js';
import type { FromWorker, ToWorker, WorkerProcess } from './worker-messages.js';

type Request = Extract<ToWorker, { readonly id: number }>;
/** A request without the number that pairs it with its answer. */
export type Asked = { [T in Request['type']]: Omit<Extract<Request, { readonly type: T }>, 'id'> }[Request['type']];

/** Requests to one process and their answers. Everything that is open when it ends is rejected. */
export class WorkerLink {
  readonly exited: Promise<string>;
  /** Resolves when it takes connections, or with why it cannot. */
  readonly started: Promise<Error | undefined>;
  #listening = false;
  #nextId = 1;
  readonly #open = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();

  constructor(
    readonly process: WorkerProcess,
    start: () => ToWorker,
  ) {
    let settle: (error: Error | undefined) => void = () => undefined;
    this.started = new Promise((resolve) => (settle = resolve));
    process.onMessage((message) => {
      if (message.type === 'ready') process.send(start());
      else if (message.type === 'answer' || message.type === 'refused') this.#answer(message);
      else {
        this.#listening = message.type === 'listening';
        settle(message.type === 'failed' ? startError(message) : undefined);
      }
    });
    this.exited = process.exited.then((how) => {
      this.#listening = false;
      const ended = new Error(`the process ended (${how})`);
      settle(ended);
      for (const { reject } of this.#open.values()) reject(ended);
      this.#open.clear();
      return how;
    });
  }

  get listening(): boolean {
    return this.#listening;
  }

  ask(message: Asked): Promise<unknown> {
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
    });
    this.process.send({ ...message, id });
    return answer;
  }

  stop(): void {
    this.#listening = false;
    this.process.send({ type: 'stop' });
  }

  #answer(message: Extract<FromWorker, { readonly id: number }>): void {
    const waiting = this.#open.get(message.id);
    this.#open.delete(message.id);
    if (message.type === 'answer') waiting?.resolve(message.value);
    else waiting?.reject(new Error(message.reason));
  }
}

function startError({ message, nextStep, code }: Extract<FromWorker, { readonly type: 'failed' }>): Error {
  if (code === undefined) return new CliError(message, nextStep);
  return Object.assign(new Error(message), { code });
}
