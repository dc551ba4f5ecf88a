import { CHIPS } from '@secure-esp/firmware-image';
import { z } from 'zod';
import { isProjectName, PROJECT_MAX_BYTES } from './project-name.js';
import type { ProjectConfig } from './project-config.js';

const PORT_MAX = 65_535;
const WORKERS_MAX = 256;
const ORIGINS_MAX = 64;

const chipNames = CHIPS.map(({ name }) => name);
const path = z.string().min(1, 'is empty').max(4096, 'is longer than 4096 characters');
const port = integer(0, PORT_MAX);
const host = z
  .string()
  .regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'must be a host name or an address, of at most 253 characters');

/** As browsers name a page, which is what the broker compares. */
const origin = z
  .string()
  .refine(
    (text) => URL.canParse(text) && new URL(text).origin === text,
    'must be scheme, host and port only, such as https://panel.example',
  );

/** The file’s exact form: no key of another name is let through, so that a misspelt one is found. */
export const projectSchema: z.ZodType<ProjectConfig> = z.strictObject({
  dir: path.optional(),
  project: z
    .string()
    .refine(isProjectName, `must be 1 to ${PROJECT_MAX_BYTES} bytes without control characters`)
    .optional(),
  chip: z.enum(chipNames, `must be one of ${chipNames.join(', ')}`).optional(),
  protocol: path.optional(),
  broker: z
    .strictObject({
      url: url('mqtts', 'wss').optional(),
      deviceUrl: url('mqtts').optional(),
      host: host.optional(),
      operatorPort: port.optional(),
      devicePort: port.optional(),
      websocketPort: port.optional(),
      websocketOrigins: z.array(origin).max(ORIGINS_MAX, `must be at most ${ORIGINS_MAX}`).optional(),
      kind: z.enum(['embedded', 'mosquitto'], 'must be one of embedded, mosquitto').optional(),
    })
    .optional(),
  ota: z
    .strictObject({
      url: url('https').optional(),
      host: host.optional(),
      port: port.optional(),
      adminPort: port.optional(),
      firmware: path.optional(),
      workers: integer(1, WORKERS_MAX).optional(),
    })
    .optional(),
  est: z.strictObject({ url: url('https').optional(), host: host.optional(), port: port.optional() }).optional(),
});

function integer(min: number, max: number): z.ZodType<number> {
  const message = `must be an integer in ${min}..${max}`;
  return z.int(message).min(min, message).max(max, message);
}

/** A URL of one of these schemes, without what secure-esp would ignore or what must not be in a file: a password. */
function url(...schemes: readonly string[]): z.ZodType<string> {
  const forms = schemes.map((scheme) => `${scheme}://host:port`).join(' or ');
  return z.string().refine((text) => {
    if (!URL.canParse(text)) return false;
    const { protocol, hostname, username, password, hash, search } = new URL(text);
    return (
      schemes.includes(protocol.slice(0, -1)) && hostname !== '' && `${username}${password}${hash}${search}` === ''
    );
  }, `must be a URL such as ${forms}`);
}
