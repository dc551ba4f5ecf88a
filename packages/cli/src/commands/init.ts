import type { ChipName } from '@secure-esp/firmware-image';
import { initPki } from '@secure-esp/pki';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { pathOf, writeOutput } from '../files.js';
import { printResult } from '../output.js';
import { PROJECT_FILES } from '../project/find-project.js';
import { ignoreTree } from '../project/git-ignore.js';
import {
  askInitQuestions,
  checkAnswers,
  defaultAnswers,
  isTerminal,
  type InitAnswers,
} from '../project/init-questions.js';
import { projectFileText } from '../project/project-file-text.js';

export interface InitOptions {
  readonly yes?: true;
  readonly project?: string;
  readonly chip?: ChipName;
  readonly host?: readonly string[];
  readonly pki: boolean;
  readonly force?: true;
  readonly json?: true;
}

const [CONFIG_FILE] = PROJECT_FILES;
const DIR = '.secure-esp';
const LOCAL_HOSTS = ['localhost', '127.0.0.1', '::1'];

/**
 * `secure-esp init`. The project file is written last: whatever ended the run before, the next one starts over, and
 * finishes what is there.
 */
export async function init(context: CliContext, options: InitOptions): Promise<void> {
  const existing = await existingFile(context);
  if (existing !== undefined && options.force !== true) {
    printResult(context, options, { changed: false, file: existing }, [
      `${existing} is there already; nothing was changed. --force writes it anew, and keeps certificates and keys.`,
    ]);
    return;
  }
  const answers = checkAnswers(await answersOf(context, options));
  context.signal.throwIfAborted();
  const made: string[] = [];
  // before there is a key that could be committed
  if (await ignoreTree(context, DIR)) made.push('.gitignore');
  if (options.pki) {
    const { created } = await initPki({
      dir: pathOf(context, DIR),
      chips: [answers.chip],
      // tools on this machine reach the servers as localhost
      hosts: [...new Set([...answers.hosts, ...LOCAL_HOSTS])],
      signal: context.signal,
    });
    made.push(...created.map((path) => join(DIR, path)));
  }
  await writeOutput(pathOf(context, CONFIG_FILE), projectFileText(answers));
  made.push(CONFIG_FILE);
  printResult(context, options, { changed: true, file: CONFIG_FILE, made, ...answers }, [
    ...made.filter((path) => !path.startsWith(DIR)).map((path) => `wrote ${path}`),
    ...(options.pki ? [`certificates and keys are in ${DIR}/: keep it out of version control, and make a copy`] : []),
    '',
    'Next, each in a terminal of its own:',
    ...(options.pki ? [] : ['  npx secure-esp pki init']),
    '  npx secure-esp broker run',
    '  npx secure-esp ota serve',
    '  npx secure-esp device watch',
  ]);
}

async function answersOf(context: CliContext, options: InitOptions): Promise<InitAnswers> {
  const { yes, project, chip, host } = options;
  const all = project !== undefined && chip !== undefined && host !== undefined;
  if (yes !== true && !all && options.json !== true && isTerminal(context)) return askInitQuestions(context, options);
  if (yes === true || all) return { ...defaultAnswers(context), ...given(options) };
  throw new CliError(
    'init asks questions, and this is no terminal.',
    'Give the answers: `secure-esp init --yes --project NAME --chip CHIP --host NAME`.',
    2,
  );
}

const given = ({ project, chip, host }: InitOptions): Partial<InitAnswers> => ({
  ...(project === undefined ? {} : { project }),
  ...(chip === undefined ? {} : { chip }),
  ...(host === undefined ? {} : { hosts: host }),
});

async function existingFile(context: CliContext): Promise<string | undefined> {
  for (const name of PROJECT_FILES) {
    if ((await stat(pathOf(context, name)).catch(() => undefined)) !== undefined) return name;
  }
  return undefined;
}
