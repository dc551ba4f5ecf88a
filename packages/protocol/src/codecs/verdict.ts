import type { z } from 'zod';

/** Why a payload was refused; also the reply codes a device uses for it. */
export type PayloadFault = 'bad_payload' | 'out_of_range' | 'too_long';

/** The verdict on bytes from the network. `detail` names the field and the limit, never the payload. */
export type DecodeResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly code: PayloadFault; readonly detail: string };

export const refuse = (code: PayloadFault, detail: string): { ok: false; code: PayloadFault; detail: string } => ({
  ok: false,
  code,
  detail,
});

/** One verdict for a list of issues: a range fault only if nothing else is wrong. */
export function refuseIssues(issues: readonly z.core.$ZodIssue[]): { ok: false; code: PayloadFault; detail: string } {
  const codes = issues.map(faultOf);
  const code = codes.find((fault) => fault === 'bad_payload') ?? codes[0] ?? 'bad_payload';
  const detail = issues
    .slice(0, 3)
    .map((issue) => {
      // zod would quote the sender's keys.
      const message = issue.code === 'unrecognized_keys' ? 'has unknown keys' : issue.message;
      return issue.path.length > 0 ? `${issue.path.join('.')}: ${message}` : message;
    })
    .join('; ');
  return refuse(code, detail);
}

function faultOf(issue: z.core.$ZodIssue): PayloadFault {
  if (issue.code === 'too_big' || issue.code === 'too_small') return 'out_of_range';
  if (issue.code === 'custom' && issue.params?.['limit'] === 'too_long') return 'too_long';
  return 'bad_payload';
}
