import type { AddressInfo } from 'node:net';
import { connect, createServer, type ConnectionOptions, type SecureVersion, type TlsOptions } from 'node:tls';

export interface Attempt {
  server: Pick<TlsOptions, 'cert' | 'key' | 'ca' | 'crl'>;
  client: Pick<ConnectionOptions, 'cert' | 'key' | 'ca'>;
  version: SecureVersion;
  host?: string;
}

/**
 * One handshake with client certificates required: the server's greeting with the client's CN, or "refused" and what
 * the client noticed. In TLS 1.3 a client learns of a refusal only when it reads, so it waits for the greeting.
 */
export async function handshake({ server, client, version, host = 'localhost' }: Attempt): Promise<string> {
  const versions = { minVersion: version, maxVersion: version };
  const listener = createServer({ ...server, ...versions, requestCert: true, rejectUnauthorized: true });
  listener.on('secureConnection', (socket) => {
    socket.on('error', () => undefined);
    const { CN } = socket.getPeerCertificate().subject;
    socket.end(`welcome ${String(CN)}`);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as AddressInfo;
  let accepted = false;
  listener.on('secureConnection', () => (accepted = true));
  try {
    return await new Promise<string>((resolve) => {
      const options = { ...client, ...versions, port, host: '127.0.0.1' };
      const socket = connect(host === '127.0.0.1' ? options : { ...options, servername: host });
      let greeting = '';
      socket.setEncoding('utf8');
      socket.on('data', (text: string) => (greeting += text));
      socket.on('error', (error: Error) => {
        resolve(`refused: ${error.message}`);
      });
      socket.on('close', () => {
        resolve(accepted ? greeting : 'refused: the server closed the connection');
      });
    });
  } finally {
    await new Promise((resolve) => listener.close(resolve));
  }
}
