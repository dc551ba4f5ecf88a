import { execFileSync } from 'node:child_process';
import { describe } from 'vitest';

/** True if the program is installed (in the system's folders too). Where CI is set, every tool is taken to be there. */
export function isInstalled(program: string): boolean {
  if (process.env['CI'] !== undefined) return true;
  const path = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin`;
  try {
    execFileSync('sh', ['-c', `command -v "${program}"`], { stdio: 'ignore', env: { PATH: path } });
    return true;
  } catch {
    return false;
  }
}

/** `describe`, or a skip that says which program is missing. In CI a missing program fails its tests instead. */
export function describeWith(programs: readonly string[], name: string, body: () => void): void {
  const missing = programs.filter((program) => !isInstalled(program));
  if (missing.length === 0) describe(name, body);
  else describe.skip(`${name} (not installed: ${missing.join(', ')})`, body);
}
