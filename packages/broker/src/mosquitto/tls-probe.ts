import { connect } from 'node:tls';

/**
 * True if the port answers a TLS handshake with this very certificate, so it is the broker that was started and not another
 * program. Comparing the fingerprint is stricter than trusting a CA, which is why the usual check is off.
 */
export function answersTls(options: {
  host: string;
  port: number;
  fingerprint256: string;
  deadlineMs: number;
}): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({
      host: connectable(options.host),
      port: options.port,
      rejectUnauthorized: false,
      timeout: options.deadlineMs,
    });
    const answer = (answers: boolean) => {
      resolve(answers);
      socket.destroy();
    };
    socket.once('secureConnect', () => {
      answer(socket.getPeerX509Certificate()?.fingerprint256 === options.fingerprint256);
    });
    // The broker wants a certificate and may end the connection at any time: late errors do not matter.
    socket.on('error', () => {
      answer(false);
    });
    socket.once('timeout', () => {
      answer(false);
    });
    socket.once('close', () => {
      answer(false);
    });
  });
}

/** Address to connect to for a broker that is bound to every address. */
export const connectable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host);
