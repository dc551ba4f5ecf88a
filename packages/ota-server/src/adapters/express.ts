import type { RequestHandler } from 'express';
import type { OtaHandler } from '../handler/ota-handler.js';
import { type NodeListenerOptions, toNodeListener } from '../node/node-listener.js';

/** Express tells the mount path itself. */
export type OtaExpressOptions = Omit<NodeListenerOptions, 'prefix'>;

/**
 * The update server as a middleware of Express 4 and 5: `app.use('/updates', otaExpress(handler, { clientOf }))`.
 *
 * Addresses that are not the handler's go on to the next middleware. Mount it before middleware that rewrites replies
 * (compression, ETags) and before rate limits meant for browsers. Bodies that a parser before it has read do no harm.
 */
export function otaExpress(handler: OtaHandler, options: OtaExpressOptions = {}): RequestHandler {
  const listener = toNodeListener(handler, options);
  return function otaUpdates(request, response, next) {
    listener(request, response, next);
  };
}
