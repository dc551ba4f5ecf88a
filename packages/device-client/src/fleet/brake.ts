/** Ends a call to many devices in two grades: no further device, or those under way as well. */
export class Brake {
  /** One for each operation: thousands of listeners on the caller's own signal look like a leak to Node. */
  readonly #underWay = new Set<AbortController>();
  #stopped: { readonly why: string; readonly cause: unknown } | undefined;
  #halted: { readonly reason: unknown } | undefined;

  /** Why no further device may start; the first reason stays. */
  get stopped(): { readonly why: string; readonly cause: unknown } | undefined {
    return this.#stopped;
  }

  stop(why: string, cause?: unknown): void {
    this.#stopped ??= { why, cause };
  }

  /** Stops, and aborts what is under way with `reason`. */
  halt(why: string, reason: unknown): void {
    this.stop(why, reason);
    this.#halted ??= { reason };
    for (const controller of this.#underWay) controller.abort(this.#halted.reason);
  }

  /** Runs an operation that {@link halt} can abort. */
  async run<T>(operation: (signal: AbortSignal) => T | Promise<T>): Promise<T> {
    const controller = new AbortController();
    if (this.#halted !== undefined) controller.abort(this.#halted.reason);
    this.#underWay.add(controller);
    try {
      return await operation(controller.signal);
    } finally {
      this.#underWay.delete(controller);
    }
  }
}
