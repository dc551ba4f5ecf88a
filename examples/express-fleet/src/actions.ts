import { type Client, isDeviceClientError } from '@secure-esp/device-client';
import { type RequestHandler, Router, urlencoded } from 'express';

/** Codes with which nothing is wrong here: the device or its state says no. */
const CONFLICTS = new Set(['device_offline', 'busy', 'duplicate', 'no_url']);

/** POST /devices/{id}/update and /devices/{id}/interval: one command each, answered with what the device said. */
export function actions(client: Client): Router {
  const router = Router();
  router.post(
    '/:id/update',
    answer(async (id, _body, signal) => {
      // The raw command: the device's reply, not the end of the update, which the page sees live.
      await client.device(id).send('update/run', { signal });
      return `${id} looks for an update.`;
    }),
  );
  router.post(
    '/:id/interval',
    urlencoded({ extended: false, limit: '1kb' }),
    answer(async (id, body, signal) => {
      const seconds = /^[0-9]{1,7}$/.test(body['seconds'] ?? '') ? Number(body['seconds']) : Number.NaN;
      await client.device(id).update.interval(seconds, { signal });
      return `${id} looks for updates every ${String(seconds)} s.`;
    }),
  );
  return router;
}

type Action = (id: string, body: Readonly<Record<string, string | undefined>>, signal: AbortSignal) => Promise<string>;

/** One sentence, whatever happens; a reader who goes away ends the waiting. */
function answer(action: Action): RequestHandler<{ id: string }> {
  return async (request, response) => {
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    try {
      const body = (request.body ?? {}) as Record<string, string>;
      response.type('text').send(`${await action(request.params.id, body, gone.signal)}\n`);
    } catch (error) {
      if (!isDeviceClientError(error)) throw error;
      if (error.code === 'aborted') return;
      response.status(statusOf(error.code)).type('text').send(`${error.message}\n`);
    }
  };
}

function statusOf(code: string): number {
  if (code === 'invalid_argument' || code === 'out_of_range' || code === 'bad_payload') return 400;
  if (CONFLICTS.has(code)) return 409;
  return code === 'deadline' ? 504 : 502;
}
