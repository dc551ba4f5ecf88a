import { createPrivateKey, X509Certificate } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  createCsr,
  createEstHandler,
  EST_PROBLEMS,
  type EstHandler,
  type EstPeer,
  type EstReply,
  generatePrivateKey,
  MemoryPkiStore,
  PkiError,
  type PkiTree,
} from '../../src/index.js';
import { authorityOf, basic, bodyOf, csrDer, enrolment, post, textOf } from './exchange.js';
import { type EstFixture, estTree, tokenFor } from './est-tree.js';

const handlerOf = ({ tree, claims, events }: EstFixture): EstHandler =>
  createEstHandler({ authority: tree, claims, onEvent: (event) => events.push(event), bodyTimeoutMs: 200 });

function expectProblem(reply: EstReply, code: keyof typeof EST_PROBLEMS): void {
  expect([reply.status, textOf(reply)]).toEqual([EST_PROBLEMS[code].status, `${EST_PROBLEMS[code].message}\n`]);
  expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8');
  expect(reply.headers['content-length']).toBe(String(reply.body.length));
}

const peerOf = (pem: string, tlsError?: string): EstPeer => ({ certificate: new X509Certificate(pem).raw, tlsError });

describe('the addresses', () => {
  test('GET and HEAD of cacerts', async () => {
    const handler = handlerOf(await estTree());
    for (const method of ['GET', 'HEAD']) {
      const reply = await handler.handle({ method, target: '/.well-known/est/cacerts?x=1', headers: {} });
      expect(reply.status).toBe(200);
      expect(reply.headers).toMatchObject({
        'content-type': 'application/pkcs7-mime; smime-type=certs-only',
        'content-transfer-encoding': 'base64',
      });
    }
  });

  test.each([
    ['cacerts', 'POST', 'GET, HEAD'],
    ['simpleenroll', 'GET', 'POST'],
    ['simplereenroll', 'PUT', 'POST'],
  ])('%s does not know %s and says what it knows', async (operation, method, allow) => {
    const reply = await handlerOf(await estTree()).handle({ ...post(operation, ''), method });
    expectProblem(reply, 'method_not_allowed');
    expect(reply.headers['allow']).toBe(allow);
  });

  test.each([
    '/',
    '',
    '*',
    '/.well-known/est',
    '/.well-known/est/',
    '/.well-known/est/csrattrs',
    '/.well-known/estcacerts',
    '/.well-known/est/cacerts/',
    '/.well-known/est/%63acerts',
    '/.well-known/est/constructor',
    `/.well-known/est/cacerts?${'x'.repeat(2048)}`,
  ])('%j is not there', async (target) => {
    expectProblem(await handlerOf(await estTree()).handle({ method: 'GET', target, headers: {} }), 'not_found');
  });

  test('the prefix can be chosen, and has to be a path', async () => {
    const { tree, claims } = await estTree();
    const handler = createEstHandler({ authority: tree, claims, prefix: '/.well-known/est/plant-1' });
    expect(
      (await handler.handle({ method: 'GET', target: '/.well-known/est/plant-1/cacerts', headers: {} })).status,
    ).toBe(200);
    expect((await handler.handle({ method: 'GET', target: '/.well-known/est/cacerts', headers: {} })).status).toBe(404);
    for (const prefix of ['', '/', 'est', '/est/', '/e?s']) {
      expect(() => createEstHandler({ authority: tree, claims, prefix })).toThrow(PkiError);
    }
  });
});

describe('simpleenroll', () => {
  test('whatever name the request asks for, the certificate has that of the claim', async () => {
    const fixture = await estTree();
    const reply = await handlerOf(fixture).handle(
      enrolment('esp-001', await tokenFor(fixture, 'esp-001'), await csrDer('operator')),
    );
    expect(reply.status).toBe(200);
    expect(fixture.events).toMatchObject([{ type: 'enrolled', deviceId: 'esp-001' }]);
    for await (const entry of fixture.tree.inventory({ commonName: 'esp-001' })) expect(entry.role).toBe('device');
  });

  test('no credentials, other credentials and wrong ones are asked for with one answer', async () => {
    const fixture = await estTree();
    const handler = handlerOf(fixture);
    await tokenFor(fixture, 'esp-001');
    const body = (await csrDer('esp-001')).toString('base64');
    const fields = [
      undefined,
      '',
      'Bearer x',
      'Basic',
      'Basic !',
      'Basic eA==',
      'Basic /w==',
      basic('esp-001', 'x'),
      basic('esp-001', ''),
      basic('esp-002', 'x'),
      basic('../esp', 'x'),
      basic('', ''),
    ];
    for (const authorization of fields) {
      const reply = await handler.handle(post('simpleenroll', body, { headers: { authorization } }));
      expectProblem(reply, 'unauthorized');
      expect(reply.headers['www-authenticate']).toBe('Basic realm="est", charset="UTF-8"');
    }
    expect(fixture.events.every(({ type }) => type === 'refused')).toBe(true);
    expect(JSON.stringify(fixture.events)).not.toContain('../esp');
  });

  test('a stranger’s body is not read', async () => {
    let read = false;
    const body = (async function* () {
      await Promise.resolve();
      read = true;
      yield Buffer.from('x');
    })();
    const request = post('simpleenroll', 'x', { body, headers: { authorization: basic('esp-001', 'guess') } });
    expectProblem(await handlerOf(await estTree()).handle(request), 'unauthorized');
    expect(read).toBe(false);
  });

  test('after ten wrong tokens the answer is 429, for that device, for ten minutes; the right one is let in', async () => {
    let now = new Date();
    const fixture = await estTree(() => now);
    const token = await tokenFor(fixture, 'esp-001', () => now);
    const handler = createEstHandler({ authority: fixture.tree, claims: fixture.claims, now: () => now });
    const der = await csrDer('esp-001');
    const attempt = async (id: string, password: string): Promise<EstReply> =>
      handler.handle(enrolment(id, password, der));
    for (let count = 1; count <= 10; count += 1) expect((await attempt('esp-001', 'wrong')).status).toBe(401);
    now = new Date(now.getTime() + 60_000);
    const limited = await attempt('esp-001', 'wrong');
    expectProblem(limited, 'too_many');
    expect(limited.headers['retry-after']).toBe('540');
    expect((await attempt('esp-002', 'wrong')).status).toBe(401);
    expect((await attempt('esp-001', token)).status).toBe(200);
    now = new Date(now.getTime() + 540_000);
    expect((await attempt('esp-001', 'wrong')).status).toBe(401);
  });

  test('a claim ends, for its certificate too', async () => {
    let now = new Date();
    const fixture = await estTree(() => now);
    const token = await tokenFor(fixture, 'esp-001', () => now);
    const handler = createEstHandler({ authority: fixture.tree, claims: fixture.claims, now: () => now });
    const der = await csrDer('esp-001');
    now = new Date(now.getTime() + 7 * 86_400_000 - 1);
    expect((await handler.handle(enrolment('esp-001', token, der))).status).toBe(200);
    now = new Date(now.getTime() + 1);
    expectProblem(await handler.handle(enrolment('esp-001', token, der)), 'claim_expired');
  });

  test('a claim that was taken back, and one of an older token, are worth nothing', async () => {
    const fixture = await estTree();
    const handler = handlerOf(fixture);
    const old = await tokenFor(fixture, 'esp-001');
    const der = await csrDer('esp-001');
    const token = await tokenFor(fixture, 'esp-001');
    expectProblem(await handler.handle(enrolment('esp-001', old, der)), 'unauthorized');
    await fixture.claims.delete('esp-001');
    expectProblem(await handler.handle(enrolment('esp-001', token, der)), 'unauthorized');
  });

  test('a certificate that was revoked is not given out again', async () => {
    const fixture = await estTree();
    const handler = handlerOf(fixture);
    const token = await tokenFor(fixture, 'esp-001');
    const der = await csrDer('esp-001');
    expect((await handler.handle(enrolment('esp-001', token, der))).status).toBe(200);
    await fixture.tree.revoke({ commonName: 'esp-001' });
    expectProblem(await handler.handle(enrolment('esp-001', token, der)), 'revoked');
  });

  test('a revoked key does not come back by a new claim', async () => {
    const fixture = await estTree();
    const handler = handlerOf(fixture);
    const der = await csrDer('esp-001');
    await handler.handle(enrolment('esp-001', await tokenFor(fixture, 'esp-001'), der));
    await fixture.tree.revoke({ commonName: 'esp-001' });
    expectProblem(await handler.handle(enrolment('esp-001', await tokenFor(fixture, 'esp-001'), der)), 'revoked');
  });

  test('a name of another role is refused', async () => {
    const fixture = await estTree();
    const { tree, claims } = fixture;
    await tree.signCsr({ csr: await csrDer('x'), commonName: 'anna', role: 'operator' });
    const token = await tokenFor({ tree, claims }, 'anna');
    expectProblem(await handlerOf(fixture).handle(enrolment('anna', token, await csrDer('anna'))), 'name_refused');
  });

  test.each([
    ['before it is issued', async () => Promise.reject(new Error('killed'))],
    [
      'after it is issued',
      async (issue: () => Promise<unknown>) => {
        await issue();
        throw new Error('killed');
      },
    ],
  ] as const)(
    'a server that ends %s leaves a claim for that key, and one certificate in the end',
    async (_when, end) => {
      const fixture = await estTree();
      const { tree, claims, events } = fixture;
      const token = await tokenFor(fixture, 'esp-001');
      const der = await csrDer('esp-001');
      const broken = authorityOf(tree, { signCsr: (options) => end(() => tree.signCsr(options)) });
      const handler = createEstHandler({ authority: broken, claims, onEvent: (event) => events.push(event) });
      expectProblem(await handler.handle(enrolment('esp-001', token, der)), 'internal');
      expect(events).toMatchObject([{ type: 'failed', endpoint: 'simpleenroll', error: { message: 'killed' } }]);
      const mended = handlerOf(fixture);
      expectProblem(await mended.handle(enrolment('esp-001', token, await csrDer('esp-001'))), 'claim_bound');
      expect((await mended.handle(enrolment('esp-001', token, der))).status).toBe(200);
      const serials: string[] = [];
      for await (const { serial } of tree.inventory({ commonName: 'esp-001' })) serials.push(serial);
      expect(serials).toHaveLength(1);
      expect((await claims.get('esp-001'))?.serial).toBe(serials[0]);
    },
  );

  test.each(['ERR_PKI_LOCKED', 'ERR_PKI_IO', 'ERR_PKI_STORE', 'ERR_PKI_KEY', 'ERR_PKI_PEM'] as const)(
    '%s is 503 with Retry-After, and stays between us',
    async (code) => {
      const fixture = await estTree();
      const { tree, claims } = fixture;
      const signCsr = (): Promise<never> => Promise.reject(new PkiError(code, '/secret/path is at fault'));
      const handler = createEstHandler({ authority: authorityOf(tree, { signCsr }), claims });
      const reply = await handler.handle(
        enrolment('esp-001', await tokenFor(fixture, 'esp-001'), await csrDer('esp-001')),
      );
      expectProblem(reply, 'unavailable');
      expect(reply.headers['retry-after']).toBe('30');
    },
  );

  test('a listener that throws changes nothing', async () => {
    const fixture = await estTree();
    const onEvent = (): never => {
      throw new Error('listener');
    };
    const warned = new Promise((resolve) => process.once('warning', resolve));
    const handler = createEstHandler({ authority: fixture.tree, claims: fixture.claims, onEvent });
    expect((await handler.handle(post('simpleenroll', ''))).status).toBe(401);
    expect(String(await warned)).toContain('listener');
  });
});

describe('bodies', () => {
  const withToken = async (): Promise<{ handler: EstHandler; headers: Record<string, string>; der: Buffer }> => {
    const fixture = await estTree();
    const headers = { authorization: basic('esp-001', await tokenFor(fixture, 'esp-001')) };
    return { handler: handlerOf(fixture), headers, der: await csrDer('esp-001') };
  };

  test('white space anywhere, in pieces, without a length, with a parameter of the type', async () => {
    const { handler, headers, der } = await withToken();
    const text = ` \r\n${der.toString('base64').replace(/.{7}/g, '$& \t\r\n')}\n`;
    const request = post('simpleenroll', '', {
      headers: {
        ...headers,
        'content-type': 'Application/PKCS10; charset=us-ascii',
        'content-length': undefined,
        'transfer-encoding': 'chunked',
      },
      body: bodyOf(text.slice(0, 10), text.slice(10)),
    });
    expect((await handler.handle(request)).status).toBe(200);
  });

  test('every wrong kind of body has its own answer', async () => {
    const { handler, headers, der } = await withToken();
    const base64 = der.toString('base64');
    const tries = [
      [{ 'content-type': undefined }, base64, 'unsupported_type'],
      [{ 'content-type': 'application/x-pem-file' }, base64, 'unsupported_type'],
      [{ 'content-encoding': 'gzip' }, base64, 'unsupported_type'],
      [{ 'content-length': undefined }, base64, 'length_required'],
      [{ 'content-length': '-1' }, base64, 'bad_request'],
      [{ 'content-length': '32769' }, base64, 'too_large'],
      [{ 'content-length': undefined, 'transfer-encoding': 'chunked' }, 'A'.repeat(32_769), 'too_large'],
      [{}, '', 'bad_csr'],
      [{}, '=', 'bad_csr'],
      [{}, `${base64}*`, 'bad_csr'],
      [{}, `-----BEGIN CERTIFICATE REQUEST-----\n${base64}\n-----END CERTIFICATE REQUEST-----`, 'bad_csr'],
    ] as const;
    for (const [change, body, code] of tries) {
      expectProblem(await handler.handle(post('simpleenroll', body, { headers: { ...headers, ...change } })), code);
    }
    const reply = await handler.handle(post('simpleenroll', der.subarray(1).toString('base64'), { headers }));
    expect([reply.status, textOf(reply)]).toEqual([400, 'The certificate request is not DER.\n']);
  });

  test('a body that does not come is 408, one that breaks off 400', async () => {
    const { handler, headers } = await withToken();
    const never = (async function* () {
      await new Promise(() => undefined);
      yield Buffer.alloc(0);
    })();
    expectProblem(await handler.handle(post('simpleenroll', 'x', { headers, body: never })), 'timeout');
    const broken = (async function* () {
      await Promise.resolve();
      yield Buffer.from('MII');
      throw new Error('reset');
    })();
    expectProblem(await handler.handle(post('simpleenroll', 'x', { headers, body: broken })), 'bad_request');
  });
});

describe('simplereenroll', () => {
  test('needs a certificate that TLS and the authority find good', async () => {
    const fixture = await estTree();
    const { tree } = fixture;
    const handler = handlerOf(fixture);
    const { cert } = await tree.issueDevice('esp-001');
    const stranger = await (await estTree()).tree.issueDevice('esp-001');
    const body = (await csrDer('esp-001')).toString('base64');
    const attempt = (peer?: EstPeer): Promise<EstReply> =>
      handler.handle(post('simplereenroll', body, peer === undefined ? {} : { peer }));
    expectProblem(await attempt(), 'certificate_required');
    expectProblem(await attempt(peerOf(stranger.cert)), 'certificate_refused');
    expectProblem(await attempt(peerOf(tree.operator.cert)), 'certificate_refused');
    expectProblem(await attempt(peerOf(tree.broker.cert)), 'certificate_refused');
    expectProblem(await attempt(peerOf(tree.deviceCa)), 'certificate_refused');
    expectProblem(await attempt(peerOf(cert, 'CERT_HAS_EXPIRED')), 'certificate_expired');
    expectProblem(await attempt(peerOf(cert, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')), 'certificate_refused');
    expectProblem(await attempt({ certificate: Buffer.from('nonsense'), tlsError: undefined }), 'certificate_refused');
    expect((await attempt(peerOf(cert))).status).toBe(200);
    await tree.revoke({ commonName: 'esp-001' });
    expectProblem(await attempt(peerOf(cert)), 'revoked');
  });

  test('refuses a certificate of the device CA that the inventory does not know', async () => {
    const fixture = await estTree();
    const { tree, claims } = fixture;
    const { cert } = await tree.issueDevice('esp-001');
    const forgetful = authorityOf(tree, {
      inventory: () => new MemoryPkiStore().list() as ReturnType<PkiTree['inventory']>,
    });
    const handler = createEstHandler({ authority: forgetful, claims });
    const request = post('simplereenroll', (await csrDer('esp-001')).toString('base64'), { peer: peerOf(cert) });
    expectProblem(await handler.handle(request), 'certificate_refused');
  });

  test('refuses other names than those of the certificate', async () => {
    const fixture = await estTree();
    const handler = handlerOf(fixture);
    const peer = peerOf((await fixture.tree.issueDevice('esp-001')).cert);
    const { keyObject: key } = await generatePrivateKey('ec-p256');
    const attempt = async (options: Omit<Parameters<typeof createCsr>[0], 'key'>): Promise<number> => {
      const body = (await createCsr({ key, ...options })).replace(/-----.*-----/g, '');
      return (await handler.handle(post('simplereenroll', body, { peer }))).status;
    };
    expect(await attempt({ subject: { CN: 'esp-002' } })).toBe(400);
    expect(await attempt({ subject: { CN: 'esp-001', OU: 'operator' } })).toBe(400);
    expect(await attempt({ subject: { CN: 'esp-001', O: 'Somebody' } })).toBe(400);
    expect(await attempt({ subject: { CN: 'esp-001' }, san: { dns: ['broker.local'] } })).toBe(400);
    expect(await attempt({ subject: { CN: 'esp-001', O: 'secure-esp', OU: 'device' } })).toBe(200);
  });

  test('a device re-enrols ten times an hour at most', async () => {
    const fixture = await estTree();
    const handler = createEstHandler({ authority: fixture.tree, claims: fixture.claims, maxReenrolmentsPerHour: 2 });
    const peer = peerOf((await fixture.tree.issueDevice('esp-001')).cert);
    const body = (await csrDer('esp-001')).toString('base64');
    const statuses = [];
    for (let count = 0; count < 3; count += 1) {
      statuses.push((await handler.handle(post('simplereenroll', body, { peer }))).status);
    }
    expect(statuses).toEqual([200, 200, 429]);
  });

  test('the old certificate stays good, or is revoked where that is asked for and the key is new', async () => {
    const fixture = await estTree();
    const { tree, claims } = fixture;
    const { cert, key } = await tree.issueDevice('esp-001');
    const peer = peerOf(cert);
    const sameKey = (await csrDer('esp-001', createPrivateKey(key))).toString('base64');
    const newKey = (await csrDer('esp-001')).toString('base64');
    const keeps = createEstHandler({ authority: tree, claims });
    const revokes = createEstHandler({ authority: tree, claims, revokeReplaced: true });
    expect((await keeps.handle(post('simplereenroll', newKey, { peer }))).status).toBe(200);
    expect((await revokes.handle(post('simplereenroll', sameKey, { peer }))).status).toBe(200);
    expect((await revokes.handle(post('simplereenroll', newKey, { peer }))).status).toBe(200);
    expectProblem(await keeps.handle(post('simplereenroll', newKey, { peer })), 'revoked');
    expect((await tree.crls()).devices?.info.revoked.size).toBe(1);
  });
});
