import cluster from 'node:cluster';
import type { FromWorker, ToWorker, WorkerProcess } from './worker-messages.js';

/**
 * Processes that run `program` and share the listening sockets of this one. When this process ends, however it does,
 * their channel closes and node:cluster ends them.
 */
export function clusterWorkers(program: string): () => WorkerProcess {
  cluster.setupPrimary({
    exec: program,
    args: [],
    // what the first process warns of already
    execArgv: [...process.execArgv, '--disable-warning=OTA_WITHOUT_CLIENT_CERTIFICATE'],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  return startWorker;
}

function startWorker(): WorkerProcess {
  const worker = cluster.fork();
  // Sending to a process that has just ended is reported here; its end is what counts.
  worker.on('error', () => undefined);
  const exited = new Promise<string>((resolve) => {
    worker.once('exit', (code: number | null, signal: string | null) => {
      resolve(signal ?? `exit code ${String(code)}`);
    });
  });
  return {
    pid: worker.process.pid,
    send(message: ToWorker) {
      if (worker.isConnected()) worker.send(message);
    },
    onMessage(listener) {
      worker.on('message', (message: FromWorker) => {
        listener(message);
      });
    },
    exited,
    kill() {
      worker.process.kill('SIGKILL');
    },
  };
}
