import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import { isOtaTarget } from '../handler/ota-route.js';
import type { OtaHandler } from '../handler/ota-handler.js';
import { targetBelow } from '../http/mount-point.js';
import { type NodeListenerOptions, toNodeListener } from '../node/node-listener.js';

/** Options of the plugin. */
export interface OtaFastifyOptions extends Omit<NodeListenerOptions, 'prefix'> {
  /** Of `createOtaHandler`. */
  readonly handler: OtaHandler;
  /** Fastify's own option, here a path without parameters, such as `/updates`. Default: the root. */
  readonly prefix?: string;
}

/**
 * The update server as a plugin of Fastify 5: `app.register(otaFastify, { handler, clientOf, prefix: '/updates' })`.
 *
 * Addresses that are not the handler's get the host's own 404. Replies are written past Fastify (`reply.hijack()`), so
 * `onSend` hooks and headers set by other plugins do not touch them; `onRequest` and `onResponse` hooks run. Request bodies
 * are not parsed.
 *
 * @throws OtaError `bad_option`, when Fastify gets ready
 */
export const otaFastify: FastifyPluginAsync<OtaFastifyOptions> = (app, options) =>
  // Fastify does not catch what a plugin with a callback throws.
  Promise.resolve().then(() => {
    mount(app, options);
  });

function mount(app: FastifyInstance, { handler, ...options }: OtaFastifyOptions): void {
  const { prefix } = app;
  const listener = toNodeListener(handler, { ...options, prefix });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, parsed) => {
    parsed(null);
  });
  app.all('/*', (request, reply) => {
    if (!isOtaTarget(targetBelow(request.raw.url ?? '', prefix) ?? '')) {
      reply.callNotFound();
      return;
    }
    reply.hijack();
    listener(request.raw, reply.raw);
  });
}
