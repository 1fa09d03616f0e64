import { OpenApiGeneratorV31 } from '@asteasolutions/zod-to-openapi';
import { z } from 'zod';
import { CANDLE_INTERVALS } from '../lib/candle-interval.ts';
import { streamQuery } from '../routes/streams/stream-access.ts';
import { CHANNELS, eventsOf } from '../routes/streams/channel-events.ts';
import { CONTROL_EVENTS, heartbeat, SOCKET_EVENTS } from '../routes/streams/stream-events.ts';
import { selectionQuery } from '../routes/streams/stream-subscriptions.ts';
import { CHANNEL_TYPES, type ChannelTypeName } from '../streams/channels/catalog.ts';
import { clientMessage } from '../streams/transports/websocket-message.ts';
import { ABOUT } from './about.ts';
import { SECURITY_SCHEMES } from './security.ts';

interface Ref {
  $ref: string;
}

const DESCRIPTION = `The events of Marktide's streams. \`GET /v1/streams?channels=…\` opens a stream of Server-Sent Events (with \`Accept: application/x-ndjson\`: of JSON lines) on any mix of the channels below; \`/v1/ws\` is a WebSocket on the same channels, which may change while it is open.

One id covers all channels of a connection. With the last one (\`Last-Event-ID\`, \`?lastEventId=\`, or \`lastEventId\` of a \`subscribe\`) a stream resumes without a gap or a repetition, or says \`reset\`. A *state* channel sends its whole state on connect and whenever it changes; an *events* channel sends each event exactly once, in order.

Payloads are shown as in a line or a message: \`{event, data, id?}\`. The id comes last, so a client that has it has the whole event. Over SSE these are the fields of the event, with \`data\` as JSON; a heartbeat is a comment there. \`/openapi.json\` describes REST.`;

const PARAMETERS: Record<string, object> = {
  symbol: { description: 'Base and quote asset; `*` for all symbols.', examples: ['BTC/KRW', '*'] },
  interval: { description: 'Length of the candles; `1M` is a month.', enum: [...CANDLE_INTERVALS] },
  portfolioId: {
    description: 'A portfolio that the caller may read.',
    examples: ['0198c5a0-7b1c-7d3e-9f2a-3b4c5d6e7f80'],
  },
};

const TYPE_NAMES = Object.keys(CHANNELS) as ChannelTypeName[];
const [subscribe, unsubscribe, ping] = clientMessage.options;

/** Both transports take the same query. */
const connectionQuery = z
  .object({
    ...selectionQuery,
    ...streamQuery,
  })
  .meta({ id: 'StreamQuery' });

function nameOf(schema: z.ZodType): string {
  const id = schema.meta()?.['id'];
  if (typeof id !== 'string') throw new Error('a schema of a message has no name');
  return id;
}

/** The messages, by name. */
function messagesOf(schemas: readonly z.ZodObject[]): Record<string, object> {
  return Object.fromEntries(
    schemas.map((schema) => {
      const { description, example } = schema.meta() ?? {};
      const { event, type } = schema.shape;
      const literal: unknown = event ?? type;
      return [
        nameOf(schema),
        {
          name: literal instanceof z.ZodLiteral ? String(literal.value) : nameOf(schema),
          ...(description === undefined ? {} : { summary: description }),
          contentType: 'application/json',
          payload: { $ref: `#/components/schemas/${nameOf(schema)}` },
          ...(example === undefined ? {} : { examples: [{ payload: example }] }),
        },
      ];
    }),
  );
}

function schemasOf(schemas: readonly z.ZodType[]): Record<string, object> {
  const definitions = schemas.map((schema) => ({ type: 'schema' as const, schema }));
  const found = new OpenApiGeneratorV31(definitions).generateComponents().components?.schemas ?? {};
  return Object.fromEntries(
    Object.entries(found).map(([name, schema]) => {
      // A discriminator is an object in OpenAPI; in AsyncAPI it is only the name of the property.
      if (!('discriminator' in schema)) return [name, schema];
      return [name, { ...schema, discriminator: schema.discriminator?.propertyName }];
    }),
  );
}

/** AsyncAPI has another name for an API key in HTTP. */
function securitySchemes(): Record<string, object> {
  const { csrf: _writingOnly, ...schemes } = SECURITY_SCHEMES;
  return Object.fromEntries(
    Object.entries(schemes).map(([name, scheme]) => [
      name,
      scheme.type === 'apiKey' ? { ...scheme, type: 'httpApiKey' } : scheme,
    ]),
  );
}

function server(protocol: 'http' | 'ws', basePath: string, summary: string): object {
  return {
    host: '{host}',
    ...(basePath === '' ? {} : { pathname: basePath }),
    protocol,
    summary,
    description: 'With TLS: `https` and `wss`.',
    variables: { host: { default: '127.0.0.1:3000', description: 'Where the server listens.' } },
    security: ['bearer', 'apiKey', 'cookie', 'streamToken'].map((name): Ref => ({
      $ref: `#/components/securitySchemes/${name}`,
    })),
  };
}

interface Channel {
  address: string;
  title: string;
  summary: string;
  messages: Record<string, Ref>;
}

function channel(
  { address, title, summary }: { address: string; title: string; summary: string },
  schemas: readonly z.ZodType[],
): Channel {
  const messages = schemas.map((schema): [string, Ref] => [
    nameOf(schema),
    { $ref: `#/components/messages/${nameOf(schema)}` },
  ]);
  return { address, title, summary, messages: Object.fromEntries(messages) };
}

function operation(
  action: 'send' | 'receive',
  name: string,
  schemas: readonly z.ZodType[],
): { action: string; channel: Ref; messages: Ref[] } {
  const messages = schemas.map((schema): Ref => ({ $ref: `#/channels/${name}/messages/${nameOf(schema)}` }));
  return { action, channel: { $ref: `#/channels/${name}` }, messages };
}

function answered(question: z.ZodType, answers: readonly z.ZodType[]): object {
  const { action: _, ...reply } = operation('send', 'socket', answers);
  return { ...operation('receive', 'socket', [question]), reply };
}

/** The AsyncAPI 3.0 document of the streams, made from the schemas of their events, for either transport. */
export function asyncApiDocument(
  version: string,
  basePath = '',
): { asyncapi: string; [member: string]: unknown } {
  const controls = Object.values(CONTROL_EVENTS);
  const { welcome, subscribed, unsubscribed, pong, error, retry } = SOCKET_EVENTS;
  const questions = [subscribe, unsubscribe, ping];
  const onSocket = [...controls, heartbeat, ...Object.values(SOCKET_EVENTS)];
  const onStream = [...controls, heartbeat];
  const events = [...new Set(TYPE_NAMES.flatMap(eventsOf))];
  const everything = [...events, ...onSocket, ...questions];
  const { StreamQuery: query } = schemasOf([connectionQuery]);

  const channels: Record<string, object> = {
    stream: {
      ...channel(
        { address: '/v1/streams', title: 'A stream', summary: 'What a stream says about itself' },
        onStream,
      ),
      description: 'Also at `/v1/streams/market` and `/v1/streams/pnl`, which are shortcuts.',
      servers: [{ $ref: '#/servers/http' }],
    },
    socket: {
      ...channel(
        { address: '/v1/ws', title: 'A WebSocket', summary: 'What client and server say about the stream' },
        [...onSocket, ...questions],
      ),
      description: 'The events of the channels, and messages about the connection, as JSON text.',
      servers: [{ $ref: '#/servers/websocket' }],
      bindings: { ws: { method: 'GET', query, bindingVersion: '0.1.0' } },
    },
  };
  const operations: Record<string, object> = {
    openStream: {
      ...operation('send', 'stream', onStream),
      bindings: { http: { method: 'GET', query, bindingVersion: '0.3.0' } },
    },
    tellSocket: operation('send', 'socket', [...controls, heartbeat, welcome, error, retry]),
    subscribe: answered(subscribe, [subscribed, error]),
    unsubscribe: answered(unsubscribe, [unsubscribed, error]),
    ping: answered(ping, [pong, error]),
  };
  for (const type of TYPE_NAMES) {
    const { summary, description } = CHANNELS[type];
    const { address } = CHANNEL_TYPES[type];
    const parameters = [...address.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => [name, PARAMETERS[name]]);
    channels[type] = {
      ...channel({ address, title: type, summary }, eventsOf(type)),
      description,
      parameters: Object.fromEntries(parameters),
    };
    operations[`send-${type}`] = operation('send', type, eventsOf(type));
  }

  return {
    asyncapi: '3.0.0',
    info: {
      title: `${ABOUT.title} streams`,
      version,
      description: DESCRIPTION,
      license: { name: ABOUT.license.name },
    },
    defaultContentType: 'application/json',
    servers: {
      http: server('http', basePath, 'Server-Sent Events and NDJSON'),
      websocket: server('ws', basePath, 'WebSocket'),
    },
    channels,
    operations,
    components: {
      messages: messagesOf(everything),
      schemas: schemasOf(everything),
      securitySchemes: securitySchemes(),
    },
  };
}
