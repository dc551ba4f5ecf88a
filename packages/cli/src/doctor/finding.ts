import type { FirmwareProject } from './firmware-project.js';

/** `error`: insecure, bricks, or does not build. `warning`: weaker than it need be. `note`: to be known. */
export const SEVERITIES = ['error', 'warning', 'note'] as const;
export type Severity = (typeof SEVERITIES)[number];

export const PROFILES = ['development', 'release'] as const;
export type Profile = (typeof PROFILES)[number];

/** What the doctor says about a firmware project. */
export interface Finding {
  /** Stays the same as long as the rule means the same. */
  readonly id: string;
  readonly severity: Severity;
  /** One sentence. */
  readonly message: string;
  /** What to do next, one sentence. */
  readonly nextStep: string;
  /** Name in sdkconfig that it is about. */
  readonly option: string;
}

/** How bad it is: the same in both profiles, or by profile; a profile that is not named is not looked at. */
export type RuleSeverity = Severity | Readonly<Partial<Record<Profile, Severity>>>;

export interface Rule {
  readonly id: string;
  readonly option: string;
  readonly severity: RuleSeverity;
  /** `undefined`: all is well. A text: the sentence. Several: one finding for each. */
  readonly check: (project: FirmwareProject) => string | readonly string[] | undefined;
  readonly nextStep: string | ((project: FirmwareProject) => string);
}

/** What a list of rules finds, in its order. */
export function applyRules(rules: readonly Rule[], project: FirmwareProject): readonly Finding[] {
  return rules.flatMap(({ id, option, severity: stated, check, nextStep }) => {
    const severity = typeof stated === 'string' ? stated : stated[project.profile];
    if (severity === undefined) return [];
    const said = check(project) ?? [];
    return (typeof said === 'string' ? [said] : said).map((message) => ({
      ...{ id, severity, message, option },
      nextStep: typeof nextStep === 'string' ? nextStep : nextStep(project),
    }));
  });
}
