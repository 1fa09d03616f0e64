/**
 * `marktide/streams`: resumable event streams for channels of your own, over SSE, NDJSON and WebSocket. See
 * `streams/core/README.md`, and `examples/own-channel.ts` for a whole server.
 */
export { type Clock, type Random, systemClock } from '../lib/clock.ts';
export { NoSlotError, type Slot } from '../lib/async/slots.ts';
export { Problem } from '../lib/problem.ts';
export type {
  Broker,
  GenerationOf,
  HistoryLoss,
  HistoryPage,
  LogBounds,
  LogEvent,
  LogListener,
  LogState,
  Payload,
  Position,
  PublishOptions,
  SequenceRange,
  Subscription,
} from './core/broker.ts';
export {
  BrokerUnavailableError,
  DEFAULT_BOUNDS,
  FencedError,
  OutdatedError,
  SequenceGapError,
} from './core/broker.ts';
export { type Channel, type ChannelCatalog, ChannelError, type ChannelKind } from './core/channel.ts';
export { MAX_CHANNELS, MAX_LOGS, parseChannels, type View } from './core/channel.ts';
export { type Cursor, decodeCursor, MAX_CURSOR_LENGTH } from './core/cursor.ts';
export { type Admission, ANONYMOUS, type OpenStream } from './core/connections/open-stream.ts';
export { Hub } from './core/connections/hub.ts';
export type { HubOptions } from './core/connections/hub-options.ts';
export type { Trouble, TroubleSource } from './core/troubles.ts';
export type { StreamOwner, StreamRequest } from './core/connections/open-stream.ts';
export type { Lease, Leases } from './core/lease.ts';
export { MemoryBroker, type MemoryBrokerOptions } from './memory/memory-broker.ts';
export { MemoryLeases } from './memory/memory-leases.ts';
export { END_REASONS, type EndReason, type Sink } from './core/sink.ts';
export type { StreamObserver, Transport } from './core/stream-observer.ts';
export { ndjsonWire, sseWire, websocketWire } from './transports/wires.ts';
export type { Wire } from './core/wire.ts';
export { RedisBroker, type RedisBrokerOptions } from './redis/redis-broker.ts';
export { RedisLeases, type RedisLeasesOptions } from './redis/redis-leases.ts';
export { openResponse, ResponseConnection, streamHeaders } from './transports/response-connection.ts';
export { serveStream, STREAM_TYPES } from './transports/serve-stream.ts';
export type { ServeStreamOptions, StreamType } from './transports/serve-stream.ts';
export { serveWebSocket, type ServeWebSocketOptions } from './transports/serve-websocket.ts';
export { handshakeOf, serveUpgrades, type Upgrade } from './transports/upgrade.ts';
export { CLOSE_CODES } from './transports/websocket-connection.ts';
export { SocketServer } from './transports/websocket-server.ts';
