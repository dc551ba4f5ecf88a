/** The roots of a CA are numbered in their common names: `secure-esp CA`, `secure-esp CA G2`, … */
export interface Generation {
  readonly base: string;
  readonly number: number;
}

const NUMBERED = /^(.+) G([1-9]\d{0,5})$/;

export function generationOf(commonName: string): Generation {
  const [, base, number] = NUMBERED.exec(commonName) ?? [];
  return base === undefined ? { base: commonName, number: 1 } : { base, number: Number(number) };
}

/** Every root has a name of its own, so that no verifier tries the wrong key for an issuer's name. */
export function nextRootName(commonName: string): string {
  const { base, number } = generationOf(commonName);
  return `${base} G${number + 1}`;
}
