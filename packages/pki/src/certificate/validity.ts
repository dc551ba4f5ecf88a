import { PkiError } from '../errors.js';

/** When a certificate is valid. Whole seconds; fractions are cut. */
export interface ValidityOptions {
  /** default: now minus `backdateSeconds` */
  notBefore?: Date;
  /** default: now plus `days`; not together with `days` */
  notAfter?: Date;
  /**
   * 1/86,400..3,000,000, fractions allowed; default: 7,300 for a new CA, else of the role's profile, cut to the
   * issuer's own end
   */
  days?: number;
  /** default 86,400: a device's clock may be behind */
  backdateSeconds?: number;
}

export interface ValidityPeriod {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

const DAY_MS = 86_400_000;
const FIRST_YEAR = 1950;
const LAST_YEAR = 9999;

const bad = (message: string, field: string): PkiError => new PkiError('ERR_PKI_VALIDITY', message, { field });

/**
 * X.509 can write the years 1950 to 9999; the encoder below this check writes anything, "NaN" included.
 *
 * @throws PkiError `ERR_PKI_VALIDITY`
 */
export function checkDate(date: Date, field: string): Date {
  const year = date.getUTCFullYear();
  if (!(year >= FIRST_YEAR && year <= LAST_YEAR)) {
    throw bad(`${field} must be a date in the years ${FIRST_YEAR}..${LAST_YEAR}`, field);
  }
  return new Date(Math.floor(date.getTime() / 1000) * 1000);
}

function checkCount(value: number, field: string, min: number, max: number): number {
  if (!Number.isFinite(value) || value < min || value > max) throw bad(`${field} must be ${min}..${max}`, field);
  return value;
}

/**
 * Resolves the options. A default end is cut to the issuer's; an end that was asked for is refused when the issuer's
 * comes first, because the certificate would silently stop to verify before its own date.
 *
 * @throws PkiError `ERR_PKI_VALIDITY`
 */
export function resolveValidity(
  options: ValidityOptions,
  defaults: { now: Date; days: number; issuer?: ValidityPeriod },
): ValidityPeriod {
  const now = checkDate(defaults.now, 'now').getTime();
  if (options.days !== undefined && options.notAfter !== undefined)
    throw bad('give days or notAfter, not both', 'days');
  const days = checkCount(options.days ?? defaults.days, 'days', 1 / 86_400, 3_000_000);
  const backdateSeconds = checkCount(options.backdateSeconds ?? 86_400, 'backdateSeconds', 0, 31_536_000);
  const issuer = defaults.issuer;

  let notBefore = checkDate(options.notBefore ?? new Date(now - backdateSeconds * 1000), 'notBefore');
  if (issuer && options.notBefore === undefined && notBefore < issuer.notBefore) notBefore = issuer.notBefore;
  let notAfter = checkDate(options.notAfter ?? new Date(now + days * DAY_MS), 'notAfter');
  if (issuer && notAfter > issuer.notAfter) {
    if (options.days !== undefined || options.notAfter !== undefined) {
      throw bad(
        `notAfter ${notAfter.toISOString()} is later than the issuer's ${issuer.notAfter.toISOString()}`,
        'notAfter',
      );
    }
    notAfter = issuer.notAfter;
  }
  if (notAfter <= notBefore) throw bad('notAfter must be later than notBefore', 'notAfter');
  return { notBefore, notAfter };
}
