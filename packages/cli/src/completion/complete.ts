import type { Argument, Command, Option } from 'commander';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { CliContext } from '../context.js';
import { treeAbove } from '../explain-missing-tree.js';
import { pathOf } from '../files.js';
import { collect } from '../options.js';

export interface Candidate {
  readonly value: string;
  readonly description: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** What the shell itself adds. */
  readonly files: 'none' | 'files' | 'folders';
}

const NOTHING: Completion = { candidates: [], files: 'none' };

/**
 * What the last of `words`, the command line without the program, may become. It reads the commander tree, so that it
 * knows every command and option that there is, and the ids of devices that have certificates.
 */
export async function complete(context: CliContext, program: Command, words: readonly string[]): Promise<Completion> {
  const last = words.at(-1) ?? '';
  const line = readLine(program, words.slice(0, -1));
  const { command, pending, positionals } = line;
  if (pending !== undefined) return startingWith(last, ofOption(pending));
  const [, name, value] = /^(--[^=]+)=(.*)$/.exec(last) ?? [];
  if (name !== undefined && value !== undefined) {
    const option = optionOf(command, name);
    // bash and zsh replace what comes after the sign
    return option === undefined ? NOTHING : startingWith(value, ofOption(option));
  }
  if (last.startsWith('-') && !line.ended) return startingWith(last, optionsOf(line));
  if (command.commands.length > 0) return startingWith(last, commandsOf(command));
  const argument = argumentAt(command, positionals);
  return argument === undefined ? NOTHING : startingWith(last, await ofArgument(context, argument, line));
}

interface Line {
  readonly command: Command;
  /** The option whose value comes next. */
  readonly pending: Option | undefined;
  readonly positionals: number;
  readonly used: readonly Option[];
  readonly dir: string | undefined;
  /** After `--` there are no options. */
  readonly ended: boolean;
}

function readLine(program: Command, words: readonly string[]): Line {
  let command = program;
  let pending: Option | undefined;
  let positionals = 0;
  let dir: string | undefined;
  let ended = false;
  const used: Option[] = [];
  for (const word of words) {
    if (pending !== undefined) {
      // bash hands `--kind=emqx` over as three words
      if (word === '=') continue;
      if (pending.long === '--dir') dir = word;
      pending = undefined;
    } else if (word === '--' && !ended) {
      ended = true;
    } else if (word.startsWith('-') && !ended) {
      const [name = '', value] = word.split('=', 2);
      const option = optionOf(command, name);
      if (option === undefined) continue;
      used.push(option);
      if (option.long === '--dir') dir = value;
      if (value === undefined && (option.required || option.optional)) pending = option;
    } else {
      const child = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
      if (child === undefined) positionals += 1;
      else command = child;
    }
  }
  return { command, pending, positionals, used, dir, ended };
}

/** An option of a command or of those above it. */
function optionOf(command: Command, name: string): Option | undefined {
  for (let each: Command | null = command; each !== null; each = each.parent) {
    const found = each.options.find(({ long, short }) => long === name || short === name);
    if (found !== undefined) return found;
  }
  return undefined;
}

function optionsOf({ command, used }: Line): Completion {
  const help = command.createHelp();
  const all = [...help.visibleOptions(command), ...globalOptions(command)];
  const left = all.filter((option) => !used.includes(option) || option.variadic || option.parseArg === collect);
  return {
    candidates: left.map(({ long, short, description }) => ({ value: long ?? short ?? '', description })),
    files: 'none',
  };
}

/** Those of the program: `doctor firmware` does not have the ones of `doctor`. */
function globalOptions(command: Command): readonly Option[] {
  let program = command;
  while (program.parent !== null) program = program.parent;
  return program === command ? [] : program.options.filter(({ hidden }) => !hidden);
}

const commandsOf = (command: Command): Completion => ({
  candidates: command
    .createHelp()
    .visibleCommands(command)
    .map((each) => ({ value: each.name(), description: each.description() })),
  files: 'none',
});

const ofOption = ({ argChoices, flags, description }: Option): Completion =>
  argChoices === undefined
    ? { candidates: [], files: filesOf(/[<[]([^>\]]*)[>\]]/.exec(flags)?.[1] ?? '') }
    : { candidates: argChoices.map((value) => ({ value, description })), files: 'none' };

function argumentAt({ registeredArguments }: Command, index: number): Argument | undefined {
  const last = registeredArguments.at(-1);
  return registeredArguments[index] ?? (last?.variadic === true ? last : undefined);
}

async function ofArgument(context: CliContext, argument: Argument, { dir, positionals }: Line): Promise<Completion> {
  const { argChoices, description } = argument;
  const name = argument.name();
  if (argChoices !== undefined)
    return { candidates: argChoices.map((value) => ({ value, description })), files: 'none' };
  // `device send ID COMMAND` has one argument for both
  const isDevice = ['id', 'ids', 'name', 'names'].includes(name) || (name === 'words' && positionals === 0);
  if (isDevice) return { candidates: await devicesOf(context, dir), files: 'none' };
  return { candidates: [], files: filesOf(name) };
}

/** What help calls a value says what it is. */
function filesOf(name: string): Completion['files'] {
  if (/^(?:dir|folder)\b/.test(name)) return 'folders';
  return /^(?:file|older|newer)\b/.test(name) ? 'files' : 'none';
}

/** Ids with a folder in the tree, which is here or in a folder above; none if there is no tree. */
async function devicesOf(context: CliContext, given: string | undefined): Promise<readonly Candidate[]> {
  const env = context.env ?? process.env;
  // the word is the one on the line: the shell has not made a path of it yet
  const onLine = given?.replace(/^~(?=\/|$)/, () => env['HOME'] ?? '~');
  const dir = onLine ?? env['SECURE_ESP_DIR'] ?? (await treeAbove(context.cwd)) ?? '.';
  const entries = await readdir(join(pathOf(context, dir), 'devices'), { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => ({ value: name, description: 'device' }))
    .sort((a, b) => a.value.localeCompare(b.value));
}

const startingWith = (start: string, { candidates, files }: Completion): Completion => ({
  // a description is one line, and a tab would end it
  candidates: candidates
    .filter(({ value }) => value.startsWith(start))
    .map(({ value, description }) => ({ value, description: description.replace(/\s+/g, ' ') })),
  files,
});
