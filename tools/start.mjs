// `npm start`: builds what is stale, then runs the demo with the arguments given. Needs Node.js and `npm ci`, nothing else.
import { spawn } from 'node:child_process';
import { workspaceRoot } from './steps.mjs';

const environment = { ...process.env, NX_DAEMON: 'false', NX_ISOLATE_PLUGINS: 'false', NX_NO_CLOUD: 'true' };

/** Builds with one line per package; the compilers' own output is shown only if a build fails. */
function build() {
  console.log('Building the packages (cached: the second start takes seconds) ...');
  return new Promise((resolve) => {
    const child = spawn(
      'npx',
      ['--no-install', 'nx', 'run-many', '-t', 'build', '--exclude', '@secure-esp/e2e', '--output-style', 'stream'],
      {
        cwd: workspaceRoot,
        env: { ...environment, FORCE_COLOR: '0' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    const lines = [];
    const seen = new Set();
    const onData = (data) => {
      for (const line of String(data).split('\n')) {
        lines.push(line);
        const started = /> nx run ([^:]+):build/.exec(line)?.[1];
        if (started !== undefined && !seen.has(started)) {
          seen.add(started);
          console.log(`  ${started}`);
        }
      }
    };
    child.stdout.on('data', onData);
    child.stderr.on('data', onData);
    child.on('error', (error) => {
      console.error(`The build could not start: ${error.message}. Run \`npm ci\` first.`);
      resolve(1);
    });
    child.on('exit', (code) => {
      if (code !== 0) console.error(`${lines.slice(-80).join('\n')}\nThe build failed. Run \`npm ci\` and try again.`);
      resolve(code ?? 1);
    });
  });
}

function demo() {
  const child = spawn(process.execPath, ['packages/cli/dist/bin.js', 'demo', ...process.argv.slice(2)], {
    cwd: workspaceRoot,
    stdio: 'inherit',
  });
  // A terminal sends Ctrl-C to the whole group; a supervisor sends SIGTERM only to us. The demo stops what it started.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143);
  });
}

const built = await build();
if (built === 0) demo();
else process.exitCode = 1;
