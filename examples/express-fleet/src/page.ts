import type { DeviceView } from './fleet-view.js';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Log lines come from devices: none of their characters may mean something to the browser. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (found) => ENTITIES[found] ?? found);

const shown = (value: string | number | undefined): string => (value === undefined ? '–' : escapeHtml(String(value)));

function row({ id, online, version, intervalSeconds, update, log }: DeviceView): string {
  const path = `/devices/${encodeURIComponent(id)}`;
  return `<tr id="device-${escapeHtml(id)}">
  <th scope="row">${escapeHtml(id)}</th>
  <td>${online ? 'online' : 'offline'}</td>
  <td>${shown(version)}</td>
  <td>${shown(update)}</td>
  <td>
    <form method="post" action="${path}/update"><button>Update now</button></form>
    <form method="post" action="${path}/interval">
      <input name="seconds" type="number" min="300" max="9999999" required value="${shown(intervalSeconds ?? '')}" aria-label="Seconds between checks">
      <button>Set interval</button>
    </form>
  </td>
  <td><pre>${escapeHtml(log.join('\n'))}</pre></td>
</tr>`;
}

/** The whole page; works without script, and is then as old as its loading. */
export function renderPage(devices: readonly DeviceView[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Devices</title>
<h1>Devices</h1>
<table>
<thead><tr><th>Device<th>Presence<th>Version<th>Update<th>Commands<th>Last log lines</thead>
<tbody>
${devices.map(row).join('\n')}
</tbody>
</table>
<script src="/page.js" type="module"></script>
</html>
`;
}
