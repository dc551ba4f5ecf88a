// CPU time and memory of a process and its children, as Linux counts them.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** The scheduler's own count in nanoseconds; that of /proc/PID/stat is the same, in steps of 10 ms. */
export const canTellCpuTime = () => existsSync('/proc/self/schedstat');

function family(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  return [pid, ...children.flatMap(family)];
}

const sumOver = (pid, of) => family(pid).reduce((sum, member) => sum + of(member), 0);

/** User and system time of all their threads. */
export const cpuSeconds = (pid) =>
  sumOver(pid, (member) =>
    readdirSync(`/proc/${member}/task`).reduce(
      (sum, thread) =>
        sum + Number(readFileSync(`/proc/${member}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e9,
      0,
    ),
  );

/** Resident memory, bytes. */
export const residentBytes = (pid) =>
  sumOver(pid, (member) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${member}/status`, 'utf8'))[1]) * 1024);
