import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEstGraceHandler, createEstHandler, type EstHandler, type EstRequest } from '../../src/index.js';
import { decodeBase64, encodeBase64 } from '../../src/est/http/base64.js';
import { parseBasicAuth } from '../../src/est/http/basic-auth.js';
import { mutationsOf } from '../support/mutations.js';
import { basic, bodyOf, csrDer, post, textOf } from './exchange.js';
import { estTree, tokenFor } from './est-tree.js';

/** A client's mistake is a 4xx with one sentence; nothing a client sends is the server's failure. */
async function expectRefusal(handler: EstHandler, request: EstRequest): Promise<void> {
  const reply = await handler.handle(request);
  expect(reply.status).toBeGreaterThanOrEqual(400);
  expect(reply.status).toBeLessThan(500);
  expect(textOf(reply)).toMatch(/^[A-Z][^\n]{3,160}\.\n$/);
}

describe('no input is a crash or a 5xx', () => {
  test('mutated certificate requests of a device with a claim', async () => {
    const fixture = await estTree();
    const authorization = basic('esp-001', await tokenFor(fixture, 'esp-001'));
    const handler = createEstHandler({ authority: fixture.tree, claims: fixture.claims });
    const der = await csrDer('esp-001');
    await fc.assert(
      fc.asyncProperty(mutationsOf(der), async (mutated) => {
        fc.pre(!mutated.equals(der));
        await expectRefusal(handler, post('simpleenroll', mutated.toString('base64'), { headers: { authorization } }));
      }),
      { numRuns: 1000 },
    );
    expect((await fixture.claims.get('esp-001'))?.usedAt).toBeUndefined();
  });

  test('mutated base64', async () => {
    const fixture = await estTree();
    const authorization = basic('esp-001', await tokenFor(fixture, 'esp-001'));
    const handler = createEstHandler({ authority: fixture.tree, claims: fixture.claims });
    const text = Buffer.from((await csrDer('esp-001')).toString('base64'));
    await fc.assert(
      fc.asyncProperty(mutationsOf(text), async (mutated) => {
        // white space may be anywhere
        fc.pre(mutated.toString('latin1').replace(/[ \t\r\n]/g, '') !== text.toString('latin1'));
        const headers = { authorization, 'content-length': String(mutated.length) };
        await expectRefusal(handler, post('simpleenroll', '', { headers, body: bodyOf(mutated) }));
      }),
      { numRuns: 500 },
    );
  });

  test('any headers', async () => {
    const fixture = await estTree();
    await tokenFor(fixture, 'esp-001');
    const handler = createEstHandler({ authority: fixture.tree, claims: fixture.claims, bodyTimeoutMs: 500 });
    const body = (await csrDer('esp-001')).toString('base64');
    const value = fc.option(
      fc.oneof(
        fc.string(),
        fc.string({ unit: 'binary' }),
        fc.constantFrom(
          '0',
          '-1',
          '1e9',
          '99999999999999999999',
          basic('esp-001', ''),
          basic('esp-001', 'x'),
          'application/pkcs10',
          'chunked',
        ),
      ),
      { nil: undefined },
    );
    const names = ['authorization', 'content-type', 'content-length', 'content-encoding', 'transfer-encoding'] as const;
    const headers = fc.record(Object.fromEntries(names.map((name) => [name, value])), { requiredKeys: [] });
    await fc.assert(
      fc.asyncProperty(headers, fc.constantFrom('simpleenroll', 'simplereenroll'), (fields, operation) =>
        expectRefusal(handler, post(operation, body, { headers: fields })),
      ),
      { numRuns: 500 },
    );
  });

  test('any method and target', async () => {
    const fixture = await estTree();
    const handler = createEstHandler({ authority: fixture.tree, claims: fixture.claims });
    const target = fc.oneof(
      fc.webPath(),
      fc.string(),
      fc.string().map((text) => `/.well-known/est/${text}`),
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.constantFrom('GET', 'POST')), target, (method, path) =>
        expectRefusal(handler, { ...post('', ''), method, target: path }),
      ),
      { numRuns: 500 },
    );
  });

  test('mutated client certificates, on both listeners', async () => {
    const fixture = await estTree();
    const { raw } = new X509Certificate((await fixture.tree.issueDevice('esp-001')).cert);
    const body = (await csrDer('esp-001')).toString('base64');
    const handlers = [
      createEstHandler({ authority: fixture.tree, claims: fixture.claims }),
      createEstGraceHandler({ authority: fixture.tree }),
    ];
    await fc.assert(
      fc.asyncProperty(
        mutationsOf(raw),
        fc.constantFrom(...handlers),
        fc.constantFrom(undefined, 'CERT_HAS_EXPIRED'),
        async (certificate, handler, tlsError) => {
          fc.pre(!certificate.equals(raw));
          await expectRefusal(handler, post('simplereenroll', body, { peer: { certificate, tlsError } }));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('the small codecs', () => {
  test('base64 gives back what was encoded, with white space anywhere', () => {
    const space = fc.array(fc.constantFrom(' ', '\t', '\r', '\n'), { maxLength: 3 }).map((list) => list.join(''));
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), space, fc.nat(400), (bytes, between, at) => {
        const text = encodeBase64(Buffer.from(bytes));
        expect(decodeBase64(text.slice(0, at) + between + text.slice(at))).toEqual(Buffer.from(bytes));
      }),
    );
    for (const text of ['', ' ', 'A', 'AA', 'AB==', 'AA=A', '=AAA', 'AA-_', 'AAAA='])
      expect(decodeBase64(text)).toBeUndefined();
  });

  test('Basic credentials give back user and password; the first colon counts', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (user, password) => {
        fc.pre(!user.includes(':'));
        expect(parseBasicAuth(basic(user, password))).toEqual({ user, password });
      }),
    );
  });
});
