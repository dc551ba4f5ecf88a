/** What one run of Frama-C's WP said. */
export interface WpReport {
  /** Proof obligations ("goals") of each function: all of them, and those that were proved. */
  readonly functions: ReadonlyMap<string, { readonly goals: number; readonly proved: number }>;
  /** Names of the goals that no prover could prove. */
  readonly unproved: readonly string[];
  /** Functions for which WP assumes that its pointer arguments are apart from constant tables of the file. */
  readonly assumingSeparation: readonly string[];
}

/** Reads WP's output line by line; `onGoal` is told of each goal, for progress. */
export class WpOutputReader {
  readonly #functions = new Map<string, { goals: number; proved: number }>();
  readonly #unproved: string[] = [];
  readonly #separation: string[] = [];
  #scheduled = 0;
  #summary: { readonly proved: number; readonly total: number } | undefined;

  constructor(readonly onGoal: (done: number, scheduled: number) => void = () => undefined) {}

  read(line: string): void {
    const annotated = /^\[rte:annot\] annotating function (\w+)/.exec(line)?.[1];
    if (annotated !== undefined) this.#functions.set(annotated, { goals: 0, proved: 0 });
    const scheduled = /^\[wp\] (\d+) goals scheduled/.exec(line)?.[1];
    if (scheduled !== undefined) this.#scheduled = Number(scheduled);
    const [, prover, goal] = /^\[wp\] \[([^\]]+)\] Goal (\w+)/.exec(line) ?? [];
    if (prover !== undefined && goal !== undefined) this.#goal(goal, prover !== 'Failed' && line.includes(' : Valid'));
    const separation = /Memory model hypotheses for function '(\w+)'/.exec(line)?.[1];
    if (separation !== undefined) this.#separation.push(separation);
    const [, proved, total] = /^\[wp\] Proved goals:\s+(\d+) \/ (\d+)/.exec(line) ?? [];
    if (proved !== undefined && total !== undefined) this.#summary = { proved: Number(proved), total: Number(total) };
  }

  /** The report; `undefined` if the run did not come to its end, or its summary says other numbers than its lines. */
  finish(): WpReport | undefined {
    const sum = (part: 'goals' | 'proved'): number =>
      [...this.#functions.values()].reduce((total, counts) => total + counts[part], 0);
    if (this.#summary === undefined) return undefined;
    if (this.#summary.total !== sum('goals') || this.#summary.proved !== sum('proved')) return undefined;
    return { functions: this.#functions, unproved: this.#unproved, assumingSeparation: this.#separation };
  }

  #goal(name: string, valid: boolean): void {
    const owner = this.#ownerOf(name);
    const counts = this.#functions.get(owner) ?? { goals: 0, proved: 0 };
    this.#functions.set(owner, { goals: counts.goals + 1, proved: counts.proved + (valid ? 1 : 0) });
    if (!valid) this.#unproved.push(name);
    const done = [...this.#functions.values()].reduce((total, { goals }) => total + goals, 0);
    this.onGoal(done, this.#scheduled);
  }

  /** `typed_json_skip_value_loop_variant` is of `json_skip_value`, not of `json_skip`: the longest name counts. */
  #ownerOf(goal: string): string {
    const rest = goal.replace(/^typed_/, '');
    const owners = [...this.#functions.keys()].filter((name) => rest.startsWith(`${name}_`));
    return owners.sort((one, other) => other.length - one.length)[0] ?? rest;
  }
}
