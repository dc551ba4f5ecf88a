import type { RequestHandler, Response } from 'express';
import type { FleetView } from './fleet-view.js';

const HEARTBEAT_MS = 15_000;
/** What one slow page may leave unread before it is cut off; it comes back by itself. */
const MAX_WAITING_BYTES = 256 * 1024;

/** Each change of a device, as server-sent events, to every open page. */
export function liveEvents(fleet: FleetView): { readonly handler: RequestHandler; close(): void } {
  const pages = new Set<Response>();
  const send = (page: Response, text: string): void => {
    if (page.writableLength > MAX_WAITING_BYTES) page.destroy();
    else page.write(text);
  };
  const unfollow = fleet.onChange((device) => {
    for (const page of pages) send(page, `data: ${JSON.stringify(device)}\n\n`);
  });
  const heartbeat = setInterval(() => {
    for (const page of pages) send(page, ':\n\n');
  }, HEARTBEAT_MS);
  heartbeat.unref();

  return {
    handler: (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      // What was missed while the page was away.
      for (const device of fleet.devices()) response.write(`data: ${JSON.stringify(device)}\n\n`);
      pages.add(response);
      response.once('close', () => {
        pages.delete(response);
      });
    },
    close: () => {
      unfollow();
      clearInterval(heartbeat);
      for (const page of pages) page.end();
    },
  };
}
