import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleProgram } from './ota/real-program.js';

/** What is on the line before the word, the word itself as it is typed before Tab, and all that it may become. */
type Case = readonly [before: string, word: string, becomes: readonly string[]];

const CASES: readonly Case[] = [
  ['secure-esp ', 'compl', ['completion']],
  ['secure-esp pki ', 'rev', ['revoke']],
  ['secure-esp broker ', '', ['config', 'help', 'run']],
  ['secure-esp --verbose broker ', 'r', ['run']],
  ['FOO=1 secure-esp pki ', 'rev', ['revoke']],
  ['~/bin/secure-esp pki ', 'rev', ['revoke']],
  ['./bin/secure-esp pki ', 'rev', ['revoke']],
  ['secure-esp pki list ', '--verb', ['--verbose']],
  ['secure-esp broker run ', '--kin', ['--kind']],
  // values
  ['secure-esp broker run --kind ', '', ['embedded', 'mosquitto']],
  ['secure-esp broker run ', '--kind=', ['--kind=embedded', '--kind=mosquitto']],
  ['secure-esp broker run ', '--kind=m', ['--kind=mosquitto']],
  ['secure-esp completion ', '', ['bash', 'fish', 'zsh']],
  ['secure-esp ota serve --port ', 'app', []],
  // names of files and folders
  ['secure-esp image info ', 'app', ['app one.bin', 'app-two.bin']],
  ['secure-esp image info ', 'app-', ['app-two.bin']],
  ['secure-esp image info ', 'app\\ ', ['app one.bin']],
  ['secure-esp image info ', '"app o', ['app one.bin']],
  ['secure-esp image info ', 'tree', ['tree.bin', 'tree dir']],
  ['secure-esp image info ', '~/fi', ['~/firmware.bin']],
  ['secure-esp image info ', 'nothing', []],
  ['secure-esp image sign app-two.bin ', '--key=app-', ['--key=app-two.bin']],
  ['secure-esp pki adopt ', 'tree', ['tree dir']],
  ['secure-esp pki list --dir ', 'tree', ['tree dir']],
  ['secure-esp pki list ', '--dir=tree', ['--dir=tree dir']],
  // devices of the tree here and of others
  ['secure-esp device forget ', '', ['esp-001', 'lamp-1']],
  ['secure-esp device forget ', '"la', ['lamp-1']],
  ['secure-esp pki show --dir "tree dir" ', '', ['esp-002']],
  ['secure-esp pki show --dir tree\\ dir ', '', ['esp-002']],
  ['secure-esp pki show --dir ~/tree ', '', ['esp-003']],
];

/**
 * Types each line into a shell at a pseudo-terminal. Tab there puts *all* matches on the line, and prints the line between
 * two marks. For each case, prints the words that stand where the word was.
 */
const AT_A_TERMINAL = String.raw`
zmodload zsh/zpty || exit 1
shell=$1 prepare=$2 keys=$'\t'
shift 2
zpty terminal $=shell || exit 1
zpty -w terminal "$prepare
echo RE''ADY"
zpty -r terminal output '*READY*' || exit 1
while (( $# )); do
  zpty -w -n terminal "$1$2"$'\t\a'
  zpty -r terminal output $'*\x01*\x02' || exit 1
  output=\${\${output##*$'\x01'}%$'\x02'*}
  words=("\${(@Q)\${(z)\${output#"$1"}}}")
  print -r -- "\${(pj:\t:)words}"
  shift 2
done
zpty -d terminal
`.replaceAll('\\$', '$');

const ZSH_KEYS = String.raw`
PROMPT= RPROMPT=; unsetopt prompt_sp prompt_cr beep
insert-all() { compstate[insert]=all }
complete-all() { comppostfuncs=(insert-all); zle complete-word }
show() { print -rn -- $'\x01'"$BUFFER"$'\x02'; BUFFER= }
zle -N complete-all; zle -N show
bindkey '^I' complete-all; bindkey '^G' show
zstyle ':completion:*' completer _complete _approximate
autoload -Uz compinit`;

const BASH_KEYS = String.raw`
PS1= PS2=; bind 'set bell-style none'; bind 'set enable-bracketed-paste off'
show() { printf '\1%s\2' "$READLINE_LINE"; READLINE_LINE= READLINE_POINT=0; }
bind '"\C-i": insert-completions'; bind -x '"\C-g": show'`;

const FISH = String.raw`
secure-esp completion fish | source
for line in $argv
  echo (string join -- \t (complete -C $line | string replace -r '\t.*' ''))
end`;

const installed = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

/** In CI a missing shell is a failure. */
function testIn(shell: string, title: string, needs: readonly string[], check: () => void): void {
  const missing = needs.filter((each) => !installed(each)).join(' and ');
  const skip = missing !== '' && process.env['CI'] === undefined;
  test.skipIf(skip)(`${shell} ${title}${skip ? ` (without ${missing})` : ''}`, { timeout: 120_000 }, check);
}

describe('Tab at the prompt of', () => {
  let home = '';
  let remove = (): Promise<void> => Promise.resolve();

  beforeAll(async () => {
    const program = await bundleProgram();
    home = await mkdtemp(join(tmpdir(), 'secure-esp-shell-'));
    remove = async () => {
      await program.remove();
      await rm(home, { recursive: true, force: true });
    };
    for (const dir of ['bin', '.secure-esp/ca', '.secure-esp/devices/esp-001', '.secure-esp/devices/lamp-1'])
      await mkdir(join(home, dir), { recursive: true });
    await mkdir(join(home, 'tree dir/devices/esp-002'), { recursive: true });
    await mkdir(join(home, 'tree/devices/esp-003'), { recursive: true });
    const wrapper = join(home, 'bin/secure-esp');
    await writeFile(wrapper, `#!/bin/sh\nexec "${process.execPath}" "${program.bin}" "$@"\n`);
    await chmod(wrapper, 0o755);
    for (const file of ['app one.bin', 'app-two.bin', 'tree.bin', 'firmware.bin'])
      await writeFile(join(home, file), '');
  });
  afterAll(() => remove());

  /** Nothing of the user's own: neither settings of shells nor their variables. */
  const run = (shell: string, ...argv: readonly string[]) => {
    const PATH = `${join(home, 'bin')}:${process.env['PATH'] ?? ''}`;
    const env = { PATH, HOME: home, TERM: 'dumb', LANG: 'C.UTF-8', INPUTRC: '/dev/null' };
    return spawnSync(shell, argv, { cwd: home, env, encoding: 'utf8', timeout: 100_000 });
  };

  /** Rows of words, one of each case. */
  function expectOffers(rows: readonly string[]): void {
    const found = CASES.map(([before, word], index): Case => {
      const option = /^--[a-z]+=/.exec(word)?.[0] ?? '';
      const typed = word.replaceAll(/["\\]/g, '');
      const words = (rows[index] ?? '').split('\t').map((each) => each.replace(/\/$/, ''));
      const offered = words.filter((each) => each !== '' && each !== typed);
      // of several matches bash puts the option before the first only
      const whole = offered.map((each) => (each.startsWith(option) ? each : option + each));
      return [before, word, whole.toSorted()];
    });
    expect(found).toEqual(CASES.map(([before, word, becomes]) => [before, word, becomes.toSorted()]));
  }

  function expectAtTerminal(shell: string, prepare: string): void {
    const lines = CASES.flatMap(([before, word]) => [before, word]);
    const { status, stdout, stderr } = run('zsh', '-f', '-c', AT_A_TERMINAL, 'zsh', shell, prepare, ...lines);
    expect([status, stderr]).toEqual([0, '']);
    expectOffers(stdout.split('\n'));
  }

  testIn('zsh', 'completes', ['zsh'], () => {
    expectAtTerminal('zsh -f -i', `${ZSH_KEYS}; compinit -D -u; source <(secure-esp completion zsh)`);
  });

  testIn('zsh', 'completes with the script in fpath', ['zsh'], () => {
    expect(run('sh', '-c', 'mkdir functions && secure-esp completion zsh >functions/_secure-esp').status).toBe(0);
    expectAtTerminal('zsh -f -i', `fpath=(~/functions $fpath); ${ZSH_KEYS}; compinit -D -u`);
  });

  testIn('zsh', 'is told to call compinit first', ['zsh'], () => {
    const { stderr } = run('zsh', '-f', '-c', 'source <(secure-esp completion zsh)');
    expect(stderr).toBe('secure-esp completion: zsh completes nothing before: autoload -Uz compinit && compinit\n');
  });

  testIn('fish', 'completes', ['fish'], () => {
    const lines = CASES.map(([before, word]) => before + word);
    const { status, stdout, stderr } = run('fish', '--no-config', '-c', FISH, '--', ...lines);
    expect([status, stderr]).toEqual([0, '']);
    expectOffers(stdout.split('\n'));
  });

  testIn('bash', 'completes', ['bash', 'zsh'], () => {
    expectAtTerminal('bash --norc --noprofile -i', `${BASH_KEYS}; source <(secure-esp completion bash)`);
  });
});
