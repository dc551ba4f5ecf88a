import type { IncomingMessage } from 'node:http';
import type { RequestHandler } from 'express';

export interface OperatorsOnlyOptions {
  /** Whose certificate the connection has; `createClientOf` of the update server. */
  readonly clientOf: (request: IncomingMessage) => { readonly role: string; readonly serial?: string } | undefined;
  readonly isRevoked: (client: { serial?: string }) => Promise<boolean>;
}

/**
 * Lets operators in and nobody else. A device has a valid certificate, too, so the CA alone does not decide.
 *
 * The browser sends the certificate with every request, also with one that a foreign page makes: what changes something
 * is therefore taken only from this site's own pages.
 */
export function operatorsOnly({ clientOf, isRevoked }: OperatorsOnlyOptions): RequestHandler {
  return async (request, response, next) => {
    response.set({
      'Content-Security-Policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'",
      'Cache-Control': 'no-store',
      'Referrer-Policy': 'no-referrer',
      'X-Content-Type-Options': 'nosniff',
    });
    const client = clientOf(request);
    if (client?.role !== 'operator' || (await isRevoked(client))) {
      response.status(403).type('text').send('This page is for operators.\n');
    } else if (request.method !== 'GET' && request.method !== 'HEAD' && !isSameOrigin(request)) {
      response.status(403).type('text').send('Send this from the page itself.\n');
    } else next();
  };
}

/** Every browser sends Origin with a POST; a program that has the certificate says it on purpose. */
function isSameOrigin({ headers }: IncomingMessage): boolean {
  return headers.host !== undefined && headers.origin === `https://${headers.host}`;
}
