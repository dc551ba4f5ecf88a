import { afterAll, beforeAll, describe, it } from 'vitest';
import { mosquittoMissing } from '../support/broker.js';
import {
  head,
  lengthOf,
  OCTETS,
  OK,
  raw,
  sayAndHold,
  sayForEver,
  type Act,
  type Answer,
} from '../support/hostile-server.js';
import { createSiege, QUICK_TIMEOUTS, type Siege } from '../support/siege.js';
import { skipUnless } from '../support/tools.js';

/** Well below the idle limit, so that only a limit on the whole can end it. */
const DRIP_MS = QUICK_TIMEOUTS.idleMs / 16;

const over =
  (answer: (image: Uint8Array) => Answer) =>
  ({ tls, image }: Siege): Act =>
    tls(answer(image));
const JOSE = 'Content-Type: application/jose';

const cases: readonly (readonly [name: string, act: (siege: Siege) => Act])[] = [
  ['says nothing', () => raw(() => undefined)],
  [
    'sends the handshake byte by byte',
    () =>
      raw((tcp) => {
        // The first bytes of a ServerHello that never ends.
        tcp.write(Buffer.from([22, 3, 3, 0x3f, 0xff]));
        const timer = setInterval(() => tcp.write(Buffer.from([2])), DRIP_MS);
        tcp.once('close', () => {
          clearInterval(timer);
        });
      }),
  ],
  ['stalls before the headers', over(() => sayAndHold())],
  ['stalls within the headers', over(() => sayAndHold(`${OK}\r\nETag: "`))],
  ['stalls behind the headers', over((image) => sayAndHold(head(OK, lengthOf(image))))],
  ['stalls within the body', over((image) => sayAndHold(head(OK, lengthOf(image)), image.subarray(0, 9000)))],
  ['stalls before the last byte', over((image) => sayAndHold(head(OK, lengthOf(image)), image.subarray(0, -1)))],
  [
    'keeps the connection open where its end is the end of the image',
    over((image) => sayAndHold(head(OK, OCTETS), image)),
  ],
  ['sends the headers byte by byte', over(() => sayForEver(DRIP_MS, `${OK}\r\nX: `, 'x'))],
  ['says "100 Continue" for ever', over(() => sayForEver(DRIP_MS, 'HTTP/1.1 100 Continue\r\n\r\n'))],
  [
    'floods with "103 Early Hints"',
    over(() => sayForEver(0, 'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n'.repeat(50))),
  ],
  [
    'sends the body byte by byte',
    over((image) => sayForEver(DRIP_MS, head(OK, lengthOf(image)), image.subarray(0, 9000), 'x')),
  ],
  [
    'sends the body byte by byte from its start',
    over((image) => sayForEver(DRIP_MS, head(OK, lengthOf(image)), '\u00e9')),
  ],
  [
    'sends chunks of one byte',
    over(() => sayForEver(DRIP_MS, head(OK, 'Transfer-Encoding: chunked'), '1\r\n\u00e9\r\n')),
  ],
  ['sends a manifest byte by byte', over(() => sayForEver(DRIP_MS, head(OK, JOSE), 'e'))],
  ['stalls within a manifest', over(() => sayAndHold(head(OK, JOSE, 'Content-Length: 700'), 'eyJ'))],
];

describe.skipIf(skipUnless('Mosquitto', mosquittoMissing))('a device does not wait for ever for a server that', () => {
  let siege: Siege;
  beforeAll(async () => {
    siege = await createSiege();
  });
  afterAll(async () => {
    await siege[Symbol.asyncDispose]();
  });

  it.concurrent.each(cases)('%s', async (_name, act) => {
    await siege.withstand(act(siege), ['stalled'], { timeouts: QUICK_TIMEOUTS });
  });
});
