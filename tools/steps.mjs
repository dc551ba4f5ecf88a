import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { failureLines } from './failure-lines.mjs';

export const workspaceRoot = fileURLToPath(new URL('..', import.meta.url));

/** The same environment for every step: no Nx daemon or cloud, so that a run leaves nothing behind. */
const environment = {
  ...process.env,
  NX_DAEMON: 'false',
  NX_ISOLATE_PLUGINS: 'false',
  NX_NO_CLOUD: 'true',
  FORCE_COLOR: '0',
};

/**
 * Runs one command in the workspace, shows what it prints and resolves with it and the exit code. In the background it runs at
 * a lower priority and is shown when it has ended, so that two outputs do not mix.
 */
function run(command, args, { env = {}, background = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(background ? 'nice' : command, background ? [command, ...args] : args, {
      cwd: workspaceRoot,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment, ...env },
    });
    const printed = [];
    const show = (stream) => (chunk) => {
      printed.push(chunk);
      if (!background) stream.write(chunk);
    };
    child.stdout.on('data', show(process.stdout));
    child.stderr.on('data', show(process.stderr));
    child.on('error', (error) => resolve({ code: 127, output: `${command}: Error: ${error.message}` }));
    // 'close' comes after the last byte that the command and its children printed.
    child.on('close', (code, signal) =>
      resolve({ code: code ?? (signal === null ? 1 : 128), output: Buffer.concat(printed).toString() }),
    );
  });
}

/**
 * Runs steps in order and prints a summary that names each. A failed step does not hide the ones after it, except
 * where `needed` says that nothing after it can work. Those marked `beside` take turns in the background, because the
 * tests wait more than they work. What failed is said once more at the end, because logs are cut to their end. Exits
 * non-zero if any step failed.
 */
export async function runSteps(steps) {
  const results = new Map();
  const runStep = async ({ name, command, env, beside: background = false }) => {
    const title = `\n=== ${name}: ${command.join(' ')}`;
    if (!background) console.log(title);
    const started = Date.now();
    const { code, output } = await run(command[0], command.slice(1), { env, background });
    if (background) process.stdout.write(`${title}\n${output}`);
    results.set(name, { name, code, output, seconds: Math.round((Date.now() - started) / 1000) });
    return code === 0;
  };
  let background = Promise.resolve();
  for (const step of steps) {
    if (step.beside) background = background.then(() => runStep(step));
    else if (!(await runStep(step)) && step.needed) break;
  }
  await background;
  report(steps.flatMap(({ name }) => results.get(name) ?? []));
}

function report(results) {
  for (const { name, code, output } of results.filter(({ code }) => code !== 0)) {
    console.log(`\n=== what failed in ${name} (exit code ${code})`);
    for (const line of failureLines(output)) console.log(line);
  }
  console.log('\n=== summary');
  for (const { name, code, seconds } of results)
    console.log(`${code === 0 ? 'passed' : 'FAILED'}  ${name} (${seconds} s)`);
  const failed = results.filter(({ code }) => code !== 0).length;
  console.log(`${results.length - failed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** What was proved of the firmware's generated C. */
const LEDGER = 'firmware/components/secure_esp_core/proof.json';

const nx = (...args) => ['npx', '--no-install', 'nx', ...args];

/** What else `npm run verify` asks for: tests of the newer mbedTLS, and campaigns of full size. */
const deeper = ({ proofs }) =>
  proofs
    ? {
        SECURE_ESP_REQUIRE_MBEDTLS_3: '1',
        SECURE_ESP_BATCH_DEVICES: '10000',
        SECURE_ESP_KILLS: '200',
        SECURE_ESP_SLOW_CLIENTS: '1000',
        SECURE_ESP_ALL_FLIPS: '1',
        SECURE_ESP_TWO_FAULTS: '10000',
        SECURE_ESP_NETWORK_FAULTS: '1500',
        SECURE_ESP_SIM_DEVICES: '1000',
      }
    : {};

/** Everything that decides whether a change is good. `depth` sets how long fuzzers and random tests run. */
export const stepsFor = (depth) => [
  { name: 'build', command: nx('run-many', '-t', 'build'), needed: true },
  { name: 'types', command: nx('run-many', '-t', 'typecheck'), beside: true },
  { name: 'lint and format', command: ['npm', 'run', '--silent', 'lint'], beside: true },
  { name: 'direction of dependencies', command: ['npm', 'run', '--silent', 'deps'], beside: true },
  { name: 'packed packages', command: nx('run-many', '-t', 'check-package'), beside: true },
  { name: 'public API and sizes', command: ['npm', 'run', '--silent', 'check:release'], beside: true },
  {
    name: 'firmware core (unit, sanitizers, fuzz)',
    command: ['node', 'firmware/test/run.mjs', '--fuzz-seconds', String(depth.fuzzSeconds)],
  },
  {
    name: depth.proofs ? 'mutants of the generator, with proofs' : 'mutants of the generator',
    command: ['node', 'firmware/test/mutants.mjs', ...(depth.proofs ? ['--proofs'] : [])],
  },
  ...(depth.proofs
    ? [
        {
          name: 'proofs (Frama-C)',
          command: ['node', 'packages/cli/bin/secure-esp.js', 'codegen', 'prove', '--ledger', LEDGER, '--check'],
        },
        { name: 'proof of the core (Frama-C)', command: ['node', 'firmware/test/prove-core.mjs'] },
      ]
    : []),
  {
    name: 'packages',
    command: nx('run-many', '-t', 'test', '--exclude', '@secure-esp/e2e', '--output-style', 'stream'),
    env: {
      SECURE_ESP_CASES: String(depth.cases),
      SECURE_ESP_RANDOM_CERTIFICATES: String(depth.certificates),
      ...deeper(depth),
    },
  },
  {
    name: 'end to end',
    command: nx('run', '@secure-esp/e2e:test'),
    env: deeper(depth),
  },
];
