export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Exposition {
  readonly metrics: readonly { readonly name: string; readonly type: string; readonly help: string }[];
  readonly samples: readonly Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"';
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (NaN|[+-]Inf|[-+0-9.e]+)$`);
const SUFFIXES = ['', '_bucket', '_sum', '_count'];

/**
 * Prometheus' text format 0.0.4, strictly: every line is `# HELP`, `# TYPE` or a sample below its own type, nothing twice.
 * @throws Error naming the line
 */
export function parseExposition(text: string): Exposition {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const metrics: { name: string; type: string; help: string }[] = [];
  const samples: Sample[] = [];
  const seen = new Set<string>();
  let help: readonly [name: string, text: string] | undefined;
  for (const line of text.split('\n').filter((one) => one !== '')) {
    const wrong = (why: string): Error => new Error(`${why}: ${line}`);
    if (line.startsWith('# HELP ')) {
      const [, name = '', words = ''] = /^# HELP (\S+) (.+)$/.exec(line) ?? [];
      help = [name, words];
    } else if (line.startsWith('# TYPE ')) {
      const [, name = '', type = ''] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
      if (help?.[0] !== name) throw wrong('a type without its help');
      if (metrics.some((metric) => metric.name === name)) throw wrong('a metric twice');
      if ((type === 'counter') !== name.endsWith('_total')) throw wrong('only counters end with _total');
      metrics.push({ name, type, help: help[1] });
    } else {
      const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
      const metric = metrics.at(-1);
      if (metric === undefined || !SUFFIXES.some((suffix) => name === metric.name + suffix))
        throw wrong('a stray sample');
      const key = `${name}{${labels}}`;
      if (seen.has(key)) throw wrong('a sample twice');
      seen.add(key);
      samples.push({ name, labels: labelsOf(labels), value: Number(value.replace('Inf', 'Infinity')) });
    }
  }
  return { metrics, samples };
}

const labelsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(new RegExp(LABEL, 'g'))].map(([pair]) => [
      pair.slice(0, pair.indexOf('=')),
      pair.slice(pair.indexOf('=') + 2, -1),
    ]),
  );
