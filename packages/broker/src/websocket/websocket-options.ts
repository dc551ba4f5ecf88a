import { BrokerError } from '../errors.js';

/** MQTT over WebSocket for operators, both kinds of brokers. */
export interface WebSocketOptions {
  /**
   * Port of a third listener: MQTT over WebSocket (`wss://host:port/mqtt`) for operators, with their CA, their rules and
   * their revocation lists. 0 = any free port. Default: none.
   */
  readonly websocketPort?: number | undefined;
  /**
   * Pages that may connect there, as browsers name them in `Origin`: `https://panel.example`, with the port unless it is
   * 443. Default: none. A browser presents the operator's certificate on behalf of *any* page that it shows, so whatever is
   * not listed is refused. What sends no `Origin`, which no browser can leave out, needs none.
   */
  readonly websocketOrigins?: readonly string[] | undefined;
}

/** Path of the WebSocket endpoint. */
export const WEBSOCKET_PATH = '/mqtt';
/** Subprotocol of MQTT 3.1.1 and 5 over WebSocket (MQTT 5, section 6). */
export const WEBSOCKET_SUBPROTOCOL = 'mqtt';

/** The listed origins. Throws `bad_option` for what a browser never sends, such as a path at the end. */
export function resolveOrigins(origins: readonly string[] = []): ReadonlySet<string> {
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw new BrokerError(
        'bad_option',
        `websocketOrigins: ${JSON.stringify(origin)} must be scheme, host and port only, such as https://panel.example`,
      );
    }
  }
  return new Set(origins);
}
