import type { IncomingMessage } from 'node:http';
import type { Context, Env, MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { isOtaTarget } from '../handler/ota-route.js';
import type { OtaHandler } from '../handler/ota-handler.js';
import { checkMountPoint, targetBelow } from '../http/mount-point.js';
import type { OtaClient } from '../http/ota-exchange.js';
import { toWebHandler } from '../web/web-handler.js';

/** What `@hono/node-server` tells of a connection. */
export interface NodeEnv extends Env {
  /** `incoming`: the request of `node:http`, whose `socket` is the connection. */
  Bindings: { incoming: IncomingMessage };
}

/** Options of {@link otaHono}. */
export interface OtaHonoOptions<E extends Env = NodeEnv> {
  /**
   * Who sent a request. On Node.js its connection is in `env.incoming`: `({ env }) => clientOf(env.incoming)`. Default:
   * nobody, which a handler refuses.
   */
  readonly clientOf?: (context: Context<E>) => OtaClient | undefined | Promise<OtaClient | undefined>;
  /** Longest time for one reply, milliseconds. Default 30 minutes; a client that is cut off resumes with a range. */
  readonly replyTimeoutMs?: number;
}

/**
 * The update server as a middleware of Hono 4: `app.use('/updates/*', otaHono(handler, { clientOf }))`. The path in front
 * of the `*`, which must have no parameters, is where the handler's addresses begin.
 *
 * Addresses that are not the handler's go on to the next middleware. Where `clientOf` needs the app's own environment, name
 * it: `otaHono<MyEnv>(…)`.
 *
 * @throws OtaError `bad_option` from the middleware, for every request, when the path has parameters
 */
export function otaHono<E extends Env = NodeEnv>(
  handler: OtaHandler,
  options: OtaHonoOptions<E> = {},
): MiddlewareHandler<E> {
  const { clientOf, ...rest } = options;
  return async function otaUpdates(context, next) {
    const prefix = checkMountPoint(routePath(context).replace(/\/?\*$/, ''));
    const { pathname, search } = new URL(context.req.url);
    if (!isOtaTarget(targetBelow(pathname + search, prefix) ?? '')) {
      await next();
      return undefined;
    }
    const web = toWebHandler(handler, { ...rest, prefix, clientOf: () => clientOf?.(context) });
    return web(context.req.raw, undefined);
  };
}
