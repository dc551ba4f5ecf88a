import type { OpenApiResponse } from '@secure-esp/ota-server';
import { type Documented, documentedOperations } from './http-document.js';

const cell = (text: string): string => text.replaceAll('|', '\\|');

const headersOf = ({ headers }: OpenApiResponse): string =>
  Object.entries(headers)
    .map(([name, { required }]) => `\`${name}\`${required ? '' : ' (may be absent)'}`)
    .join(', ');

const bodyOf = ({ content }: OpenApiResponse): string =>
  Object.keys(content ?? {})
    .map((type) => `\`${type}\``)
    .join(' or ') || '–';

function sectionOf({ path, method, operation }: Documented): string {
  const { summary, description, parameters, responses } = operation;
  return [
    `### \`${method.toUpperCase()} ${path}\``,
    `${summary}. ${description ?? ''}`,
    ...(parameters.length === 0
      ? []
      : [
          [
            '| Parameter | In | Meaning |',
            '| --- | --- | --- |',
            ...parameters.map((one) => `| \`${one.name}\` | ${one.in} | ${cell(one.description)} |`),
          ].join('\n'),
        ]),
    [
      '| Status | Meaning | Body | Headers |',
      '| --- | --- | --- | --- |',
      ...Object.entries(responses).map(
        ([status, response]) =>
          `| ${status} | ${cell(response.description)} | ${bodyOf(response)} | ${headersOf(response)} |`,
      ),
    ].join('\n'),
  ].join('\n\n');
}

/** One block for each server: what it answers, operation by operation. `HEAD` is said in prose. */
export const httpBlocks = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [
      ['updates', 'Updates'],
      ['admin', 'Health and metrics'],
      ['enrolment', 'Enrolment'],
    ].map(([block = '', tag = '']) => [
      block,
      documentedOperations
        .filter(({ method, operation }) => method !== 'head' && operation.tags.includes(tag))
        .map(sectionOf)
        .join('\n\n'),
    ]),
  );
