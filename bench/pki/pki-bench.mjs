// Certificates per second: ours, beside the OpenSSL command line, @peculiar/x509, step-ca and what the cryptography alone takes.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../lib/tools.mjs';

const PKI = import.meta.dirname;
const CACHE = join(PKI, '../.cache');
const STEP_CA = join(CACHE, 'step-ca/step-ca-bench');
const ROUNDS = 5;
const BATCH = 10_000;
const RUN_LIMIT_MS = 600_000;

/** `count` certificates take about a second. */
const CONTESTANTS = [
  { name: 'limit', count: 20_000 },
  { name: 'limit-verified', count: 10_000 },
  { name: 'ours', count: 6_000 },
  { name: 'ours, 2 processes', count: 6_000 },
  { name: 'ours-csr', count: 1_500 },
  { name: 'peculiar', count: 300 },
  { name: 'step-ca', count: 1_500 },
  { name: 'openssl', count: 15 },
];

/** What is missing; step-ca is left out without its program. */
export const missingForPki = () => (spawnSync('openssl', ['version']).status === 0 ? [] : ['openssl']);
export const opensslVersion = () => run('openssl', ['version']).split(' ')[1];
export const stepCaVersion = () => readFileSync(join(CACHE, 'step-ca/VERSION'), 'utf8').trim();
export const hasStepCa = () => existsSync(STEP_CA);

/** Standard output and standard error of a program that must succeed. */
function output(program, args) {
  const child = spawn(program, args, { timeout: RUN_LIMIT_MS, stdio: ['ignore', 'pipe', 'pipe'] });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) child[name].on('data', (data) => (texts[name] += data));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(texts);
      else reject(new Error(`${program} ${args.join(' ')} failed:\n${texts.stderr}`));
    });
  });
}

const contestant = async (name, count) =>
  JSON.parse((await output(process.execPath, [join(PKI, 'contestant.mjs'), name, String(count)])).stdout);

/** Both at once; the pair is as slow as the slower one. */
async function twoProcesses(count) {
  const [one, two] = await Promise.all([contestant('ours', count), contestant('ours', count)]);
  const wallSeconds = Math.max(one.wallSeconds, two.wallSeconds);
  return { ...one, count: 2 * count, cpuSeconds: one.cpuSeconds + two.cpuSeconds, wallSeconds };
}

function inFolder(work) {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'pki-'));
  return work(folder).finally(() => {
    rmSync(folder, { recursive: true });
  });
}

const openssl = (count) =>
  inFolder(async (folder) => {
    const { stderr } = await output('bash', [join(PKI, 'openssl-loop.sh'), String(count), folder]);
    const [wallSeconds, user, system] = stderr.trim().split(' ').map(Number);
    const [certificate, key] = ['client.crt', 'client.key'].map((name) => readFileSync(join(folder, name), 'utf8'));
    return { count, cpuSeconds: user + system, wallSeconds, certificate, key };
  });

const stepCa = async (count) => JSON.parse((await output(STEP_CA, [String(count)])).stdout);

function runContestant({ name, count }) {
  if (name === 'openssl') return openssl(count);
  if (name === 'step-ca') return stepCa(count);
  return name === 'ours, 2 processes' ? twoProcesses(count) : contestant(name, count);
}

/** The certificate is of the key, and of a device. */
function checkPair(name, { certificate, key }) {
  if (name.startsWith('limit')) return;
  const x509 = new X509Certificate(certificate);
  assert.ok(x509.checkPrivateKey(createPrivateKey(key)), `${name}: the key is not the certificate's`);
  assert.match(x509.subject, /CN=(esp-|warm-up)/, `${name}: the certificate is of another subject`);
}

const present = () => CONTESTANTS.filter(({ name }) => name !== 'step-ca' || hasStepCa());

/** Every contestant issues certificates that belong to their keys. */
export async function checkPki() {
  for (const { name } of present()) checkPair(name, await runContestant({ name, count: 2 }));
}

const median = (numbers) => [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)];

/**
 * { contestants: [{ name, perCpuSecond, perSecond, ofLimit, timesOpenssl }, …], batch }. A ratio is the median of the rounds' own
 * ratios, so that a machine that slows down between rounds does not change it.
 */
export async function benchPki() {
  const rounds = [];
  for (let at = 0; at < ROUNDS; at++) {
    const results = {};
    for (const each of at % 2 === 0 ? present() : present().reverse()) {
      const result = await runContestant(each);
      checkPair(each.name, result);
      results[each.name] = {
        perCpuSecond: result.count / result.cpuSeconds,
        perSecond: result.count / result.wallSeconds,
      };
    }
    rounds.push(results);
  }
  const of = (pick) => median(rounds.map(pick));
  const contestants = present().map(({ name }) => ({
    name,
    perCpuSecond: of((round) => round[name].perCpuSecond),
    perSecond: of((round) => round[name].perSecond),
    ofLimit: of((round) => round[name].perCpuSecond / round.limit.perCpuSecond),
    ofVerified: of((round) => round[name].perCpuSecond / round['limit-verified'].perCpuSecond),
    timesOpenssl: of((round) => round[name].perCpuSecond / round.openssl.perCpuSecond),
  }));
  const batch = await inFolder(async (folder) =>
    JSON.parse((await output(process.execPath, [join(PKI, 'batch.mjs'), folder, String(BATCH)])).stdout),
  );
  return { contestants, batch };
}
