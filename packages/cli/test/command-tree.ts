import type { Command } from 'commander';
import { Writable } from 'node:stream';
import { createProgram } from '../src/program.js';

/** The program as it is, with what it prints thrown away. */
export function programForTests(cwd = '.'): Command {
  const nowhere = (): Writable =>
    new Writable({
      write(_chunk, _encoding, done) {
        done();
      },
    });
  return createProgram({ cwd, stdout: nowhere(), stderr: nowhere(), env: {}, signal: new AbortController().signal });
}
