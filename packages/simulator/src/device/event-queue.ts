/** Runs jobs one after another, never inside each other: the one task on which a core lives. */
export interface EventQueue {
  /** Runs the job soon, after all earlier ones. Ignored once closed. */
  post(job: () => void): void;
  /** Drops what is queued and everything that comes later. */
  close(): void;
}

export interface EventQueueOptions {
  /** After every batch of jobs. */
  readonly idle: () => void;
  /** A job threw. The queue is closed then. */
  readonly fault: (error: unknown) => void;
}

export const createEventQueue = ({ idle, fault }: EventQueueOptions): EventQueue => {
  let jobs: (() => void)[] = [];
  let scheduled = false;
  let open = true;

  const close = (): void => {
    open = false;
    jobs = [];
  };
  const drain = (): void => {
    scheduled = false;
    try {
      for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) job();
      if (open) idle();
    } catch (error) {
      const report = open;
      close();
      if (report) fault(error);
    }
  };
  return {
    post(job) {
      if (!open) return;
      jobs.push(job);
      if (scheduled) return;
      scheduled = true;
      queueMicrotask(drain);
    },
    close,
  };
};
