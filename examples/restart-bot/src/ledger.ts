import { open, readFile, rename } from 'node:fs/promises';
import { DAY_MS } from './rule.js';

/** Which device was restarted when. Outlives the program: a bot that crashes must not start counting anew. */
export class Ledger {
  readonly #path: string;
  #restarts: Map<string, number[]>;

  private constructor(path: string, restarts: Map<string, number[]>) {
    this.#path = path;
    this.#restarts = restarts;
  }

  /** A file that cannot be read stops the bot: without its past it would restart too often. */
  static async open(path: string): Promise<Ledger> {
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Ledger(path, new Map());
      throw error;
    }
    const content: unknown = JSON.parse(text);
    const entries = typeof content === 'object' && content !== null ? Object.entries(content) : [];
    const isTimes = (times: unknown): times is number[] => Array.isArray(times) && times.every(Number.isFinite);
    if (entries.length === 0 && text.trim() !== '{}') throw new Error(`${path} is not a ledger of restarts`);
    return new Ledger(
      path,
      new Map(
        entries.map(([device, times]) => {
          if (!isTimes(times)) throw new Error(`${path} is not a ledger of restarts: see ${device}`);
          return [device, times];
        }),
      ),
    );
  }

  of(device: string): readonly number[] {
    return this.#restarts.get(device) ?? [];
  }

  /** Written before the command is sent: better one restart too few than one that nobody remembers. */
  async add(device: string, at: number): Promise<void> {
    const kept = [...this.#restarts, [device, [...this.of(device), at]] as const].map(
      ([id, times]) => [id, times.filter((time) => at - time < DAY_MS)] as const,
    );
    const restarts = new Map(kept.filter(([, times]) => times.length > 0).map(([id, times]) => [id, [...times]]));
    const part = `${this.#path}.part`;
    const file = await open(part, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(Object.fromEntries(restarts))}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(part, this.#path);
    this.#restarts = restarts;
  }
}
