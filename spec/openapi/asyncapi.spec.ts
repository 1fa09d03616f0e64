import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { PACKAGE_ROOT, VERSION } from '../../lib/process/package-info.ts';
import { asyncApiDocument } from '../../openapi/asyncapi.ts';
import { CHANNEL_TYPES, parseChannel } from '../../streams/channels/catalog.ts';
import { parseMessage } from '../../streams/transports/websocket-message.ts';
import { startApp } from '../support/app.ts';
import { type Schema, schemaChecker } from '../support/json-schema.ts';

interface Ref {
  $ref: string;
}

interface Operation {
  action: 'send' | 'receive';
  channel: Ref;
  messages: Ref[];
  reply?: { channel: Ref; messages: Ref[] };
}

interface Document {
  asyncapi: string;
  servers: Record<string, object>;
  channels: Record<
    string,
    { address: string; messages: Record<string, Ref>; parameters?: Record<string, Parameter> }
  >;
  operations: Record<string, Operation>;
  components: {
    messages: Record<string, { name: string; payload: Schema; examples?: { payload: unknown }[] }>;
    schemas: Record<string, Schema>;
  };
}

interface Parameter {
  examples?: string[];
  enum?: string[];
}

const document: Document = JSON.parse(JSON.stringify(asyncApiDocument(VERSION)));
const check = schemaChecker(document);

function at(ref: string): unknown {
  const keys = ref.replace('#/', '').split('/');
  return keys.reduce<unknown>((part, key) => (part as Record<string, unknown> | undefined)?.[key], document);
}

describe('the AsyncAPI document', () => {
  it('is one of version 3.0, by the schema of the specification itself', () => {
    const path = '@asyncapi/specs/schemas/3.0.0-without-$id.json';
    const specification = createRequire(import.meta.url)(path) as object;
    // A draft-07 schema with formats that only it knows.
    const ajv = new Ajv({ strict: false, allErrors: true });
    addFormats.default(ajv);
    const validate = ajv.compile(specification);
    assert.ok(validate(document), JSON.stringify(validate.errors?.slice(0, 5), null, 2));
    assert.equal(document.asyncapi, '3.0.0');
  });

  it('has every kind of channel, with an address that the streams understand', () => {
    for (const type of Object.keys(CHANNEL_TYPES)) {
      const { address = '', parameters = {} } = document.channels[type] ?? {};
      const name = address.replaceAll(/\{(\w+)\}/g, (_, parameter: string) => {
        const { examples, enum: values } = parameters[parameter] ?? {};
        return (examples ?? values)?.[0] ?? '';
      });
      assert.equal(parseChannel(name).type, type, address);
    }
    const logical = Object.keys(document.channels).filter((name) => !['stream', 'socket'].includes(name));
    assert.deepEqual(logical.sort(), Object.keys(CHANNEL_TYPES).sort());
  });

  it('refers to nothing that is not there', () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref);
    assert.ok(refs.length > 100);
    for (const ref of refs) assert.notEqual(at(ref), undefined, ref);
  });

  it('tells of each channel and each message in some operation', () => {
    const operations = Object.values(document.operations);
    const told = new Set(
      operations.flatMap(({ channel, messages, reply }) =>
        [channel, ...messages, ...(reply?.messages ?? [])].map(({ $ref }) => $ref),
      ),
    );
    for (const [name, { messages }] of Object.entries(document.channels)) {
      assert.ok(told.has(`#/channels/${name}`), name);
      for (const message of Object.keys(messages)) {
        assert.ok(told.has(`#/channels/${name}/messages/${message}`), `${name} ${message}`);
      }
    }
    const questions = operations.filter(({ action }) => action === 'receive');
    assert.deepEqual(
      questions.map(({ reply }) => reply?.messages.length),
      [2, 2, 2],
    );
  });

  it('has schemas that are JSON Schema 2020-12 throughout, and examples that fit them', () => {
    let examples = 0;
    for (const [name, message] of Object.entries(document.components.messages)) {
      assert.ok(message.name.length > 0, name);
      assert.doesNotThrow(() => check(message.payload, undefined), name);
      for (const { payload } of message.examples ?? []) {
        examples += 1;
        assert.deepEqual(check(message.payload, payload), [], name);
      }
    }
    assert.ok(examples >= 3);
  });

  it('shows messages to the server that it understands', () => {
    for (const name of ['Subscribe', 'Unsubscribe', 'Ping']) {
      const [example] = document.components.messages[name]?.examples ?? [];
      assert.ok(example, name);
      assert.doesNotThrow(() => parseMessage(JSON.stringify(example.payload)), name);
    }
  });

  it('stands in openapi/asyncapi.json as it is now', async () => {
    const kept: unknown = JSON.parse(await readFile(join(PACKAGE_ROOT, 'openapi', 'asyncapi.json'), 'utf8'));
    assert.deepEqual(kept, document, 'run: npm run generate');
  });

  it('is what /asyncapi.json answers', async () => {
    const app = await startApp();
    try {
      const { body, headers } = await app.call('GET', '/asyncapi.json');
      assert.match(headers.get('content-type') ?? '', /^application\/json/);
      assert.deepEqual(body, document);
      const known = { 'if-none-match': headers.get('etag') ?? '' };
      assert.equal((await app.call('GET', '/asyncapi.json', { headers: known })).status, 304);
    } finally {
      await app.close();
    }
  });
});
