import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface, type Interface } from 'node:readline';

/** What e2e/browser/house.mjs tells when everything runs. */
export interface HouseAddresses {
  /** Of the page, `https://localhost:PORT`. */
  readonly origin: string;
  /** `wss://localhost:PORT` */
  readonly broker: string;
  /** Paths of the operator's certificate and key. */
  readonly operator: readonly [certPath: string, keyPath: string];
}

/** A running e2e/browser/house.mjs: it answers each line with one of JSON. */
export class House {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #answers: AsyncIterator<string>;
  #errors = '';

  constructor(cwd: string, kind: string) {
    const child = spawn(process.execPath, ['house.mjs', kind], { cwd, stdio: ['pipe', 'pipe', 'pipe'] });
    child.stderr.on('data', (data: Buffer) => (this.#errors += data.toString()));
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  async next(): Promise<unknown> {
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error(`the house ended: ${this.#errors}`);
    return JSON.parse(answer.value) as unknown;
  }

  ask(command: string): Promise<unknown> {
    this.#child.stdin?.write(`${command}\n`);
    return this.next();
  }

  /** Resolves with the exit code. */
  async stop(): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => this.#child.once('close', resolve));
    this.#child.stdin?.end();
    return this.#child.exitCode ?? ended;
  }
}
