import { parseCertificate } from '@secure-esp/pki';
import { CliError } from './errors.js';

/**
 * Refuses to begin with a certificate that the other side would refuse: what it says is a handshake failure, and not
 * why.
 */
export function refuseExpired({ cert }: { readonly cert: string }, role: 'operator' | 'broker' | 'ota'): void {
  const { notAfter, subject } = parseCertificate(cert);
  if (Date.now() <= notAfter.getTime()) return;
  const name = role === 'operator' ? (subject.CN ?? role) : role;
  throw new CliError(
    `the certificate of "${name}" ended on ${notAfter.toISOString().slice(0, 10)}.`,
    `Renew it with \`secure-esp pki renew ${name}\`; if that day is not over, set this computer’s clock.`,
    1,
    { code: 'certificate_expired' },
  );
}
