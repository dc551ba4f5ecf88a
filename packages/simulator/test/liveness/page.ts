import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const PAGE = readFileSync(at('../../../../docs/liveness.md'), 'utf8');
const HEADER = readFileSync(
  at('../../../../firmware/components/secure_esp_core/include/sesp_config_defaults.h'),
  'utf8',
);

const KCONFIG = readFileSync(at('../../../../firmware/components/secure_esp/Kconfig'), 'utf8');

/** The number that an option of the ESP-IDF port has unless somebody sets another. */
export const kconfigDefault = (name: string): number => {
  const [, text = ''] = KCONFIG.split(new RegExp(`^\\s*config ${name}$`, 'm'));
  return Number(/^\s*default (\d+)$/m.exec(text.split(/^\s*config /m, 1)[0] ?? '')?.[1]);
};

/** Seconds of every constant that a formula of the page may name: the core's, and the port's of the page's own table. */
export const constants = (): ReadonlyMap<string, number> => {
  const core = [...HEADER.matchAll(/^#define (SESP_\w+_(MS|S)) \((\d+)u\)$/gm)];
  const port = [...PAGE.matchAll(/^\| `(PORT_\w+_(MS|S))` +\| +([\d ]+) +\|/gm)];
  return new Map(
    [...core, ...port].map(([, name = '', unit, digits = '']) => [
      name,
      Number(digits.replaceAll(' ', '')) / (unit === 'MS' ? 1000 : 1),
    ]),
  );
};

export interface Bound {
  readonly fault: string;
  readonly seconds: number;
  /** A sum of constants, each with a factor before it or none. */
  readonly formula: string;
  readonly test: string;
}

export const BOUNDS: readonly Bound[] = [
  ...PAGE.matchAll(/^\| ([^|]+?) +\| ([^|]+?) +\| +([\d ]+) s +\| ([^|]+?) +\| ([^|]+?) +\|$/gm),
].map(([, fault = '', , seconds = '', formula = '', test = '']) => ({
  fault,
  seconds: Number(seconds.replaceAll(' ', '')),
  formula,
  test,
}));

export const valueOf = (formula: string): number =>
  formula.split(' + ').reduce((sum, term) => {
    const [, factor = '1', name = ''] = /^(?:([\d.]+) × )?`(\w+)`$/.exec(term) ?? [];
    return sum + Number(factor) * (constants().get(name) ?? NaN);
  }, 0);

/** Milliseconds that the page grants to the test of this name. */
export const boundMsOf = (test: string): number => {
  const found = BOUNDS.find((bound) => bound.test === test);
  if (found === undefined) throw new Error(`docs/liveness.md has no bound for "${test}"`);
  return found.seconds * 1000;
};
