import { Parser } from '@asyncapi/parser';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { generateAsyncApi, generateJsonSchemas } from '../../src/codegen/index.js';
import {
  bytes,
  command,
  decimal,
  defineProtocol,
  empty,
  event,
  json,
  secureEspV1,
  text,
  withRoot,
  type Protocol,
} from '../../src/index.js';
import { GOLDEN_CONTRACTS } from '../golden/contracts.js';
import { wideContract } from '../support/wide-contract.js';

/** What the official parser may say of our documents besides nothing. */
const KNOWN_REMARKS = ['asyncapi-latest-version'];

/** Severities of the parser: errors are below this one, remarks above. */
const WARNING = 1;
const severityOf = (diagnostic: { severity: number }): number => diagnostic.severity;

const parser = new Parser();

const notes = defineProtocol({
  name: 'notes',
  version: 3,
  root: '/n',
  topics: {
    go: command(empty(), { description: 'Goes.', deprecated: 'use set/speed', since: 1 }),
    'set/speed': command(text(decimal({ min: 0, max: 9.5, decimals: 1 }), { maxBytes: 4 }), {
      description: 'Speed.',
      since: 2,
      scopes: ['device'],
    }),
    blob: event(bytes({ minBytes: 1, maxBytes: 9 }), { description: 'Bytes.', qos: 0 }),
  },
  documents: { plan: json(z.object({ on: z.boolean().default(true) }), { maxBytes: 32 }) },
});

interface Document {
  readonly info: Record<string, unknown>;
  readonly servers?: Record<string, unknown>;
  readonly channels: Record<string, { address: string; parameters?: Record<string, unknown>; messages: object }>;
  readonly operations: Record<string, { action: string; bindings: { mqtt: object }; reply?: object }>;
  readonly components: {
    readonly messages: Record<string, Record<string, unknown>>;
    readonly schemas: Record<string, Record<string, unknown>>;
    readonly parameters: Record<string, Record<string, unknown>>;
  };
}

const documentOf = (protocol: Protocol): Document => JSON.parse(generateAsyncApi(protocol).content) as Document;

const CONTRACTS = [secureEspV1 as Protocol, wideContract as Protocol, notes as Protocol, ...GOLDEN_CONTRACTS].map(
  (protocol) => ({ protocol, name: protocol.name }),
);

describe('the official parser', () => {
  test.each(CONTRACTS)('accepts the document of $name', async ({ protocol }) => {
    const { content } = generateAsyncApi(protocol, { host: 'broker.example:8884', license: 'MIT' });
    const { document, diagnostics } = await parser.parse(content);
    for (const { code, message } of diagnostics) console.info(`${protocol.name}: ${String(code)}: ${message}`);
    expect(diagnostics.filter((diagnostic) => severityOf(diagnostic) <= WARNING)).toEqual([]);
    expect(diagnostics.map(({ code }) => code).filter((code) => !KNOWN_REMARKS.includes(String(code)))).toEqual([]);
    const topics = Object.values(protocol.topics).reduce((sum, { scopes }) => sum + new Set(scopes).size, 0);
    expect(document?.channels().length).toBe(topics);
    expect(document?.operations().length).toBe(topics);
  });

  test.each([
    ['a channel that does not exist', '"$ref": "#/channels/update_run_device"', '"$ref": "#/channels/nowhere"'],
    [
      'a message that its channel does not have',
      'update_run_device/messages/update_run"',
      'update_run_device/messages/status"',
    ],
    ['an unknown QoS', '"qos": 1', '"qos": 3'],
    ['an expiry that is no number', '"messageExpiryInterval": 60', '"messageExpiryInterval": "60"'],
    ['an action of version 2', '"action": "receive"', '"action": "subscribe"'],
    ['a parameter that is not in the address', 'devices/{device}/update/run', 'devices/update/run'],
    ['a schema that is none', '"type": "object"', '"type": "struct"'],
  ])('refuses a document with %s', async (_what, part, other) => {
    const { content } = generateAsyncApi(secureEspV1);
    expect(content).toContain(part);
    const { document, diagnostics } = await parser.parse(content.replace(part, other));
    expect(document).toBeUndefined();
    expect(diagnostics.some((diagnostic) => severityOf(diagnostic) < WARNING)).toBe(true);
  });
});

describe('the AsyncAPI document', () => {
  test('is that of a device: it receives commands and sends events', () => {
    const { info, operations } = documentOf(secureEspV1);
    expect(info).toMatchObject({ title: 'secure-esp', version: '1', 'x-contract-hash': secureEspV1.contractHash });
    expect(info['description']).toContain("from the device's point of view: it receives commands and sends events");
    expect(Object.keys(operations).slice(0, 2)).toEqual(['receive_update_url_all', 'receive_update_url_device']);
    expect(operations['send_status_device']?.action).toBe('send');
  });

  test('has the addresses, with parameters, below the root in use', () => {
    const { channels, components } = documentOf(withRoot(secureEspV1, '/acme/7'));
    expect(channels['restart_all']).toMatchObject({ address: '/acme/7/restart' });
    expect(channels['restart_all']?.parameters).toBeUndefined();
    expect(channels['replies_device']).toMatchObject({
      address: '/acme/7/devices/{device}/replies/{client}',
      parameters: {
        device: { $ref: '#/components/parameters/device' },
        client: { $ref: '#/components/parameters/client' },
      },
    });
    for (const { examples, 'x-pattern': pattern } of Object.values(components.parameters)) {
      expect((examples as string[])[0]).toMatch(new RegExp(String(pattern)));
    }
  });

  test('has QoS, retain and expiry as bindings of MQTT 5', () => {
    const { operations } = documentOf(secureEspV1);
    expect(operations['receive_restart_device']?.bindings.mqtt).toEqual({
      qos: 1,
      retain: false,
      messageExpiryInterval: 10,
      bindingVersion: '0.2.0',
    });
    expect(operations['send_status_device']?.bindings.mqtt).toEqual({ qos: 1, retain: true, bindingVersion: '0.2.0' });
  });

  test('answers a command to one device, on a response topic of that device', () => {
    const { operations, components } = documentOf(secureEspV1);
    expect(operations['receive_restart_device']?.reply).toEqual({
      channel: { $ref: '#/channels/replies_device' },
      messages: [{ $ref: '#/channels/replies_device/messages/replies' }],
    });
    expect(operations['receive_restart_all']?.reply).toBeUndefined();
    expect(components.messages['restart']).toMatchObject({
      bindings: {
        mqtt: {
          responseTopic: { pattern: '^/esp/devices/[A-Za-z0-9_-]{1,64}/replies/[A-Za-z0-9_-]{16,64}$' },
          correlationData: { type: 'string' },
        },
      },
    });
    const without = documentOf(notes);
    expect(Object.values(without.operations).filter(({ reply }) => reply !== undefined)).toEqual([]);
    expect(without.components.messages['go']?.['bindings']).toBeUndefined();
  });

  test('has the same schemas as the files of JSON Schema', () => {
    const { components } = documentOf(wideContract);
    for (const { path, content } of generateJsonSchemas(wideContract)) {
      const name = path.replace(/^wide_lab_(.*)\.schema\.json$/, '$1');
      const schema = components.schemas[name];
      for (const [key, value] of Object.entries(JSON.parse(content) as Record<string, unknown>)) {
        if (!['$schema', '$comment', 'title', 'description'].includes(key))
          expect([key, schema?.[key]]).toEqual([key, value]);
      }
    }
  });

  test('says what stands in text, bytes and empty payloads', () => {
    const { components } = documentOf(notes);
    expect(components.messages).toMatchObject({
      go: { contentType: 'text/plain', payload: { type: 'string', maxLength: 0 }, 'x-max-bytes': 0 },
      set_speed: { contentType: 'text/plain', payload: { type: 'number', minimum: 0, maximum: 9.5 }, 'x-max-bytes': 4 },
      blob: {
        contentType: 'application/octet-stream',
        payload: { type: 'string', format: 'binary', minLength: 1, maxLength: 9 },
      },
    });
    expect(documentOf(wideContract).components.messages).toMatchObject({
      text_flag: { payload: { type: 'integer', enum: [0, 1] } },
      text_mode: { payload: { type: 'string', enum: ['off', 'eco', 'full_power', '3rd'] } },
    });
    expect(components.schemas['plan']).toMatchObject({ title: 'plan', 'x-max-bytes': 32 });
  });

  test('tells what is deprecated, and since when a topic exists', () => {
    const { messages } = documentOf(notes).components;
    expect(messages['go']).toMatchObject({ deprecated: true, description: 'Deprecated: use set/speed', 'x-since': 1 });
    expect(messages['set_speed']).toMatchObject({ 'x-since': 2 });
    expect(messages['blob']).not.toHaveProperty('deprecated');
    expect(messages['blob']).not.toHaveProperty('x-since');
  });

  test('names a server only if it is told one', () => {
    expect(documentOf(secureEspV1).servers).toBeUndefined();
    const { content } = generateAsyncApi(secureEspV1, { host: '[::1]:8884' });
    expect(JSON.parse(content)).toMatchObject({ servers: { broker: { host: '[::1]:8884', protocol: 'secure-mqtt' } } });
    for (const host of ['', 'mqtts://h', 'h:port', 'a b']) {
      expect(() => generateAsyncApi(secureEspV1, { host })).toThrow(
        expect.objectContaining({ code: 'invalid_definition', path: 'host' }),
      );
    }
  });

  test('is refused for topics or documents that would share a name', () => {
    const state = event(json(z.object({}), { maxBytes: 9 }), { description: 'd' });
    const generate = (leaves: readonly string[], documents = {}) =>
      generateAsyncApi(
        defineProtocol({
          name: 'lab',
          version: 1,
          root: '/lab',
          topics: Object.fromEntries(leaves.map((leaf) => [leaf, state])),
          documents,
        }),
      );
    const refusal = (path: string): unknown => expect.objectContaining({ code: 'invalid_definition', path });
    expect(() => generate(['a/b', 'a_b'])).toThrow(refusal('a_b'));
    expect(() => generate(['a'], { a: state.payload })).toThrow(refusal('a (document)'));
    expect(() => generate(['{client}'])).toThrow(refusal('{client}'));
  });
});
