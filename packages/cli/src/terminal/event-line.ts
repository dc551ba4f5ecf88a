import type { DeviceEvent } from '@secure-esp/device-client';

/** One line per event, device first, as `device watch` and the demo print it. */
export function eventLine(event: DeviceEvent): string {
  if (event.type === 'dropped') return `(${event.count} events were dropped: the terminal is too slow)`;
  const who = (event.device ?? '(all)').padEnd(10);
  switch (event.type) {
    case 'cleared':
      return `${who} ${event.leaf}: cleared`;
    case 'log':
      return `${who} ${event.value}`;
    case 'status':
      return event.value.online
        ? `${who} online: ${event.value.project} ${event.value.version} on ${event.value.chip}, reset ${event.value.resetReason}`
        : `${who} offline`;
    case 'update/state': {
      const { state, from, to, bytes, total, reason } = event.value;
      const progress = total > 0 && state === 'downloading' ? ` ${Math.floor((bytes * 100) / total)} %` : '';
      return `${who} update: ${state}${progress} ${from}${to === null ? '' : ` -> ${to}`}${reason === null ? '' : ` (${reason})`}`;
    }
    case 'settings':
      return `${who} settings: url ${event.value.url ?? '-'}, use_url ${event.value.useUrl}, interval ${event.value.interval} s`;
  }
}
