import { CHIPS } from '@secure-esp/firmware-image';
import { InvalidArgumentError, Option } from 'commander';

/** Parses a decimal option within bounds; the message names the limit. */
export const integerOption =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^[0-9]{1,10}$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`must be an integer in ${min}..${max}.`);
    return value;
  };

/** A number of days from 1, with or without a `d` after it. */
export const daysOption =
  (max: number) =>
  (text: string): number =>
    integerOption(1, max)(text.replace(/d$/, ''));

const SIZE = /^(0x[0-9a-f]{1,8}|[0-9]{1,8})([KM]?)$/i;
const UNITS: Readonly<Record<string, number>> = { K: 1024, M: 1024 * 1024 };

/** A size as partition tables write it: bytes in decimal or hex, or with `K` or `M` behind it. */
export const sizeOption =
  (maxBytes: number) =>
  (text: string): number => {
    const [, digits = '', unit = ''] = SIZE.exec(text) ?? [];
    const bytes = Number(digits) * (UNITS[unit.toUpperCase()] ?? 1);
    if (digits === '' || bytes < 1 || bytes > maxBytes)
      throw new InvalidArgumentError(`must be a size such as 1920K, 2M or 0x1E0000, at most ${maxBytes} bytes.`);
    return bytes;
  };

/** A TCP port; 0 takes any free one. */
export const portOption = integerOption(0, 65_535);

/** Collects a repeatable option. */
export const collect = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];

/** Root of the certificate tree, relative to where the command runs. */
const DEFAULT_DIR = '.secure-esp';

export const dirOption = (): Option =>
  new Option('--dir <dir>', 'certificates and keys (made by `pki init`)').default(DEFAULT_DIR);

/** Names of the chips that a signing key can be made for. */
export const chips = CHIPS.map(({ name }) => name);
