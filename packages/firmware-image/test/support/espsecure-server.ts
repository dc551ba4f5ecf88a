import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export interface EspsecureAnswer {
  readonly code: number;
  /** What the command printed, errors too. */
  readonly stdout: string;
}

export interface EspsecureServer {
  run(args: readonly string[]): Promise<EspsecureAnswer>;
}

const script = fileURLToPath(new URL('espsecure-server.py', import.meta.url));

/** Espressif's tool in one Python process, a forked one for each command: starting Python takes most of a call's time. */
export const startEspsecureServer = (python: string): EspsecureServer => {
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { resolve: (answer: EspsecureAnswer) => void; reject: (error: Error) => void }[] = [];
  const fail = (error: Error): void => {
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  child.on('error', fail);
  child.on('exit', (code) => {
    fail(new Error(`espsecure's Python ended with ${String(code)}`));
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    waiting.shift()?.resolve(JSON.parse(line) as EspsecureAnswer);
  });
  // It ends with the test process, whose end closes its input, and does not keep that one alive.
  child.unref();
  for (const stream of [child.stdin, child.stdout]) if ('unref' in stream) (stream as { unref(): void }).unref();
  return {
    run: (args) =>
      new Promise((resolve, reject) => {
        waiting.push({ resolve, reject });
        child.stdin.write(`${JSON.stringify(args)}\n`);
      }),
  };
};
