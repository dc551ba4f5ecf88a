import { PkiError } from '../../errors.js';

const DEFAULT_PATH = '/.well-known/est';

/**
 * The address of one operation: below the path of `url`, or below `/.well-known/est` when it has none.
 *
 * @throws PkiError `ERR_PKI_OPTION`
 */
export function estTarget(url: string | URL, operation: string): URL {
  const base = URL.canParse(String(url)) ? new URL(String(url)) : undefined;
  const plain = base?.protocol === 'https:' && base.username + base.password + base.search + base.hash === '';
  if (!plain) {
    throw new PkiError('ERR_PKI_OPTION', 'url must be an https URL without user, query and fragment', { field: 'url' });
  }
  const path = base.pathname.replace(/\/+$/, '');
  return new URL(`${path === '' ? DEFAULT_PATH : path}/${operation}`, base);
}
