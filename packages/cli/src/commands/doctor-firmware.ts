import { examine } from '../doctor/examine.js';
import { SEVERITIES, type Finding, type Severity } from '../doctor/finding.js';
import { readProject, type FoundProject, type ReadProjectOptions } from '../doctor/read-project.js';
import { print, type CliContext } from '../context.js';
import { CliError } from '../errors.js';
import { printable } from './image-output.js';
import { printJson } from './pki-format.js';

export interface DoctorFirmwareOptions extends ReadProjectOptions {
  readonly json?: true;
}

type Counts = Readonly<Record<Severity, number>>;

/** `secure-esp doctor firmware`: what is insecure in an ESP-IDF project, or will brick a device. */
export async function doctorFirmware(context: CliContext, dir: string, options: DoctorFirmwareOptions): Promise<void> {
  const found = await readProject(context, dir, options);
  const findings = [...examine(found.project)].sort(
    (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity),
  );
  const count = (severity: Severity): number => findings.filter((finding) => finding.severity === severity).length;
  const counts: Counts = { error: count('error'), warning: count('warning'), note: count('note') };
  if (options.json === true) printJson(context, toJson(found, findings, counts));
  else printText(context, found, findings, counts);
  if (counts.error > 0)
    throw new CliError(
      `${plural(counts.error, 'error')} in "${dir}".`,
      'Do what is said below each, then run it again.',
    );
}

const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

function toJson({ project, sources }: FoundProject, findings: readonly Finding[], counts: Counts): object {
  const { chip, profile, tablePath, table, application, bootloader } = project;
  return {
    reportVersion: 1,
    chip: chip.name,
    profile,
    sources,
    partitionTable: table === undefined ? null : tablePath,
    application: application?.path ?? null,
    bootloader: bootloader?.path ?? null,
    counts,
    findings,
  };
}

function printText(
  context: CliContext,
  { project, sources }: FoundProject,
  findings: readonly Finding[],
  counts: Counts,
): void {
  print(context, `${project.chip.name}, ${project.profile} profile; read: ${sources.join(', ')}`);
  for (const { id, severity, message, nextStep, option } of findings) {
    print(context, `\n${severity.padEnd(7)}  ${id}  (${option})`);
    print(context, `         ${printable(message)}`);
    print(context, `         ${nextStep}`);
  }
  const said = [plural(counts.error, 'error'), plural(counts.warning, 'warning'), plural(counts.note, 'note')];
  print(context, `${findings.length === 0 ? '' : '\n'}${said.join(', ')}`);
  if (project.application === undefined)
    print(context, 'There was no build to look at: run this again after `idf.py build`.');
}
