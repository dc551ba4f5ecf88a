// Goals and tables of the update server. A ratio is the median of the rounds' own ratios, so that a machine that slows down
// between rounds does not change it.
import { ratio, table } from '../lib/table.mjs';

const median = (numbers) => [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];
const MIB = 1024 * 1024;

/** Median over the rounds of what `pick` takes from a measurement; `undefined` for who did not take part. */
const of = ({ rounds }, measurement, pick) =>
  pick(rounds[0][measurement]) === undefined ? undefined : median(rounds.map((round) => pick(round[measurement])));

const figure = (results, measurement, name, key) => of(results, measurement, (each) => each[name]?.[key]);

/** How many times as much ours does with the same CPU time. */
const timesPeer = (results, measurement, name) =>
  of(results, measurement, (each) => {
    if (each[name] === undefined) return undefined;
    const { cpuSecondsPerGb, perCpuSecond } = each[name];
    return perCpuSecond === undefined
      ? cpuSecondsPerGb / each.ours.cpuSecondsPerGb
      : each.ours.perCpuSecond / perCpuSecond;
  });

const DOWNLOADS = { 'download small': 'File of 1.5 MB', 'download large': 'File of 4 MB' };
const REQUESTS = ['not modified', '4 KB of a file'];
const HANDSHAKES = ['TLS 1.3, full', 'TLS 1.3, resumed', 'TLS 1.2, full', 'TLS 1.2, resumed'];
const PEERS = ['nginx', 'express.static', 'openssl s_server'];

export function goalsOfOta(results) {
  const goal = (what, measurement, key, digits, limit) => ({
    what,
    figures: `${figure(results, measurement, 'ours', key).toFixed(digits)} / ${figure(results, measurement, 'nginx', key).toFixed(digits)}`,
    value: timesPeer(results, measurement, 'nginx'),
    limit,
    atLeast: true,
  });
  const { ours } = results.slow;
  return [
    ...Object.entries(DOWNLOADS).map(([name, title]) => ({
      ...goal(`${title}: throughput per core, ours / nginx`, name, 'cpuSecondsPerGb', 2, 0.95),
      figures: `${gbPerCpuSecond(results, name, 'ours')} / ${gbPerCpuSecond(results, name, 'nginx')} GB`,
    })),
    ...HANDSHAKES.filter((name) => name.endsWith('full')).map((name) =>
      goal(`Handshakes per CPU second, ${name}, ours / nginx`, name, 'perCpuSecond', 0, 0.9),
    ),
    {
      what: `Share of ${ours.clients} slow clients that are served in full`,
      figures: `${ours.complete} / ${ours.clients}`,
      value: ours.complete / ours.clients,
      limit: 1,
      atLeast: true,
    },
  ];
}

const gbPerCpuSecond = (results, measurement, name) => {
  const seconds = figure(results, measurement, name, 'cpuSecondsPerGb');
  return seconds === undefined ? undefined : (1 / seconds).toFixed(2);
};

const NONE = '–';
const cell = (value, text = ratio) => (value === undefined ? NONE : text(value));
const ratioHead = PEERS.map((name) => `ours / ${name}`);
const ratioCells = (results, measurement) => PEERS.map((name) => cell(timesPeer(results, measurement, name)));

const downloadTable = (results) =>
  table(
    ['GB per CPU second (MB/s by the clock)', 'ours', ...PEERS, ...ratioHead],
    Object.entries(DOWNLOADS).map(([name, title]) => [
      title,
      ...['ours', ...PEERS].map((peer) =>
        cell(gbPerCpuSecond(results, name, peer), (text) => {
          const wall = figure(results, name, peer, 'mbPerSecond').toFixed(0);
          return `${text} (${wall})`;
        }),
      ),
      ...ratioCells(results, name),
    ]),
  );

const countTable = (results, what, names) =>
  table(
    [`${what} per CPU second`, 'ours', ...PEERS, ...ratioHead],
    names.map((name) => [
      name,
      ...['ours', ...PEERS].map((peer) =>
        cell(figure(results, name, peer, 'perCpuSecond'), (value) => value.toFixed(0)),
      ),
      ...ratioCells(results, name),
    ]),
  );

const slowTable = ({ slow }) =>
  table(
    [
      'Slow clients',
      'served in full',
      'median time / ideal',
      'slowest / ideal',
      'MiB before',
      'MiB at the peak',
      'KiB per client',
    ],
    Object.entries(slow).map(([name, each]) => [
      name,
      `${each.complete} of ${each.clients}`,
      cell(each.timesIdeal.median),
      cell(each.timesIdeal.slowest),
      (each.beforeBytes / MIB).toFixed(0),
      (each.peakBytes / MIB).toFixed(0),
      (each.bytesPerClient / 1024).toFixed(0),
    ]),
  );

/** Blocks of the template by their names. */
export const otaBlocks = (results) => ({
  downloads: downloadTable(results),
  handshakes: countTable(results, 'Handshakes', HANDSHAKES),
  requests: countTable(results, 'Requests', REQUESTS),
  slow_clients: slowTable(results),
});
