import { CHIPS, type ChipName } from '@secure-esp/firmware-image';
import { isIP } from 'node:net';
import { basename, resolve } from 'node:path';
import { type Readable, Writable } from 'node:stream';
import type { CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { isProjectName, PROJECT_MAX_BYTES } from './project-name.js';

/** What `init` wants to know. */
export interface InitAnswers {
  readonly project: string;
  readonly chip: ChipName;
  /** Where broker and update server will be reached; the first is the one that URLs are made with. */
  readonly hosts: readonly string[];
}

const input = (context: CliContext): Readable & { readonly isTTY?: boolean } => context.stdin ?? process.stdin;

/** What questions are drawn on; default: standard output of the process. */
const outputOf = ({ stdout }: CliContext): { readonly output?: Writable } =>
  stdout instanceof Writable ? { output: stdout } : {};

/** Whether there is somebody to ask. */
export const isTerminal = (context: CliContext): boolean =>
  input(context).isTTY === true && context.stdout.isTTY === true;

/** What is taken where nobody is asked. */
export const defaultAnswers = (context: CliContext): InitAnswers => ({
  project: projectOfFolder(context.cwd),
  chip: 'esp32',
  hosts: ['localhost'],
});

/** The name of the folder, as far as it makes a project’s name. */
function projectOfFolder(cwd: string): string {
  const name = basename(resolve(cwd))
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, PROJECT_MAX_BYTES);
  return name === '' ? 'my-device' : name;
}

/** Asks for what is not given. Ctrl-C ends with exit code 130, and nothing was written then. */
export async function askInitQuestions(
  context: CliContext,
  given: { readonly project?: string; readonly chip?: ChipName; readonly host?: readonly string[] },
): Promise<InitAnswers> {
  const { intro, isCancel, select, text } = await import('@clack/prompts');
  const streams = { input: input(context), signal: context.signal, ...outputOf(context) };
  const defaults = defaultAnswers(context);
  const answer = <T>(value: T): Exclude<T, symbol> => {
    if (isCancel(value)) {
      throw new CliError('stopped: nothing was written.', 'Start again with `secure-esp init`.', 130, {
        code: 'aborted',
      });
    }
    return value as Exclude<T, symbol>;
  };
  intro('secure-esp init', streams);
  const project =
    given.project ??
    answer(
      await text({
        ...streams,
        message: 'Name of the project, as in the firmware’s CMakeLists.txt',
        initialValue: defaults.project,
        validate: (name) => (isProjectName(name ?? '') ? undefined : `It must have 1 to ${PROJECT_MAX_BYTES} bytes.`),
      }),
    );
  const chip =
    given.chip ??
    answer(
      await select<ChipName>({
        ...streams,
        message: 'Chip of the devices',
        options: CHIPS.map(({ name }) => ({ value: name, label: name })),
        initialValue: defaults.chip,
      }),
    );
  const hosts =
    given.host ??
    hostList(
      answer(
        await text({
          ...streams,
          message: 'Where will devices reach broker and update server? Names or addresses, with commas between them',
          initialValue: defaults.hosts.join(', '),
          validate: (list) => hostFault(hostList(list ?? '')),
        }),
      ),
    );
  return { project, chip, hosts };
}

const hostList = (text: string): readonly string[] => text.split(/[\s,]+/).filter((host) => host !== '');

const HOST_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/;

function hostFault(hosts: readonly string[]): string | undefined {
  if (hosts.length === 0) return 'Name one at least, e.g. localhost.';
  const wrong = hosts.find((host) => isIP(host) === 0 && !HOST_NAME.test(host));
  return wrong === undefined ? undefined : `"${wrong}" is no host name or address; leave scheme and port out.`;
}

/** The same rules for flags. */
export function checkAnswers(answers: InitAnswers): InitAnswers {
  const { project, hosts } = answers;
  if (!isProjectName(project)) {
    throw new CliError(
      `project "${project}" must have 1 to ${PROJECT_MAX_BYTES} bytes.`,
      'Name another with --project.',
      2,
    );
  }
  const fault = hostFault(hosts);
  if (fault !== undefined) throw new CliError(fault, 'Name others with --host.', 2);
  return answers;
}
