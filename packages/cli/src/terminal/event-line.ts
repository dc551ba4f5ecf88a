import type { DeviceSettings, DeviceStatus, UpdateStateEvent } from '@secure-esp/protocol';
import type { AnyEvent } from '../operator.js';
import { printable } from '../commands/image-output.js';

/** One line per event, device first, as `device watch` prints it. Values of other contracts are JSON. */
export function eventLine(event: AnyEvent): string {
  if (event.type === 'dropped') return `(${event.count ?? 0} events were dropped: the terminal is too slow)`;
  const who = (event.device ?? '(all)').padEnd(10);
  if (event.type === 'cleared') return `${who} ${event.leaf ?? ''}: cleared`;
  return `${who} ${printable(sentenceOf(event))}`;
}

function sentenceOf({ type, value }: AnyEvent): string {
  if (type === 'log' && typeof value === 'string') return value;
  if (type === 'status' && isStatus(value)) return statusText(value);
  if (type === 'update/state' && has(value, ['state', 'from', 'bytes', 'total']))
    return updateText(value as UpdateStateEvent);
  if (type === 'settings' && has(value, ['url', 'useUrl', 'interval'])) return settingsText(value as DeviceSettings);
  return `${type}: ${typeof value === 'string' ? value : JSON.stringify(value)}`;
}

const statusText = (status: DeviceStatus): string =>
  status.online
    ? `online: ${status.project} ${status.version} on ${status.chip}, reset ${status.resetReason}`
    : 'offline';

function updateText({ state, from, to, bytes, total, reason }: UpdateStateEvent): string {
  const progress = total > 0 && state === 'downloading' ? ` ${Math.floor((bytes * 100) / total)} %` : '';
  return `update: ${state}${progress} ${from}${to === null ? '' : ` -> ${to}`}${reason === null ? '' : ` (${reason})`}`;
}

const settingsText = ({ url, useUrl, interval }: DeviceSettings): string =>
  `settings: url ${url ?? '-'}, use_url ${useUrl}, interval ${interval} s`;

const isStatus = (value: unknown): value is DeviceStatus =>
  has(value, ['online']) &&
  (!(value as DeviceStatus).online || has(value, ['project', 'version', 'chip', 'resetReason']));

/** A contract of one's own may call other values by these names. */
const has = (value: unknown, keys: readonly string[]): boolean =>
  typeof value === 'object' && value !== null && keys.every((key) => key in value);
