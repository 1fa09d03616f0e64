import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from 'pino';
import type { Clock, Random } from '../../lib/clock.ts';
import { RepeatedLog } from '../../lib/logging/repeated-log.ts';
import { sentinelOptions } from './redis-url.ts';

export interface RedisConnectionOptions {
  clock: Clock;
  random: Random;
  log: Logger;
  /** Shown by `CLIENT LIST`. */
  name: string;
  /** A command that takes longer is rejected. Default 1000. */
  commandTimeoutMs?: number;
  /** The same until `setCommandTimeout`: a starting node waits longer for a slow Redis. */
  startTimeoutMs?: number | undefined;
  /**
   * A command that times out takes the connection down, and until a new one is ready, commands fail at once: a frozen
   * Redis holds up only the commands that are waiting when it freezes.
   */
  reconnectOnTimeout?: boolean;
}

const COMMAND_TIMEOUT_MS = 1000;

const HEARTBEAT_MS = 2000;
const HEARTBEATS_MISSED = 3;
/** How often, at most, a connection is reopened because its server has become a replica. */
const LOOK_UP_MS = 2000;

/**
 * A connection for requests. A command fails at once when Redis cannot be reached, and within `commandTimeoutMs` when it
 * does not answer. None is queued, and none is sent twice, since Redis may have executed the first.
 */
export function fastRedis(url: string, options: RedisConnectionOptions): Redis {
  return connect(url, options, { enableOfflineQueue: false, maxRetriesPerRequest: 0 });
}

/**
 * A connection for subscriptions and blocking reads. It reconnects forever; its owner subscribes again on `ready`, as
 * only the owner knows when that is complete. It queues nothing while disconnected: the queue would have no bound.
 */
export function patientRedis(url: string, options: RedisConnectionOptions): Redis {
  return connect(url, options, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: null,
    autoResubscribe: false,
  });
}

/** Applies from the next command and the next attempt to connect. */
export function setCommandTimeout(client: Redis, ms = COMMAND_TIMEOUT_MS): void {
  client.options.commandTimeout = ms;
  client.options.connectTimeout = ms;
}

/**
 * Resolves when the connection can take commands. Waits for one that is being made, as long as for a command; between
 * two attempts it rejects at once.
 */
export async function contact(client: Redis, clock: Clock): Promise<void> {
  if (client.status === 'ready') return;
  if (client.status !== 'connecting' && client.status !== 'connect') throw new Error('Redis is away');
  // One set of listeners and one timer, however many commands wait.
  let attempt = attempts.get(client);
  if (!attempt) {
    const ms = client.options.commandTimeout ?? COMMAND_TIMEOUT_MS;
    attempt = nextContact(client, clock, ms).finally(() => attempts.delete(client));
    attempts.set(client, attempt);
  }
  return attempt;
}

function nextContact(client: Redis, clock: Clock, ms: number): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    const settle = (error?: Error) => {
      cancel();
      client.off('ready', succeed);
      client.off('close', fail);
      client.off('end', fail);
      if (error) reject(error);
      else resolve();
    };
    const succeed = () => settle();
    const fail = () => settle(new Error('Redis is away'));
    const cancel = clock.after(ms, () => settle(new Error('Redis does not answer')));
    client.once('ready', succeed);
    client.once('close', fail);
    client.once('end', fail);
  });
}

const attempts = new WeakMap<Redis, Promise<void>>();

/** See `reconnectOnTimeout`. */
class ImpatientRedis extends Redis {
  #isClosing = false;

  override sendCommand(...[command, stream]: Parameters<Redis['sendCommand']>): unknown {
    command.promise.catch((error: Error) => {
      if (error.message === 'Command timed out') this.#reconnect();
    });
    return super.sendCommand(command, stream);
  }

  #reconnect(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.once('close', () => (this.#isClosing = false));
    this.disconnect(true);
  }
}

const outageLogs = new WeakMap<Logger, RepeatedLog>();

/** One for all connections that log to the same place: they fail together, and again with each attempt. */
function outageLog(log: Logger, clock: Clock): RepeatedLog {
  const known = outageLogs.get(log) ?? new RepeatedLog(log, clock);
  outageLogs.set(log, known);
  return known;
}

/** The kind of a failure: a code of the operating system, or the name of the error. */
function kindOf(error: NodeJS.ErrnoException): string {
  return error.code ?? error.name;
}

function connect(url: string, options: RedisConnectionOptions, kind: RedisOptions): Redis {
  const { log, random, name, clock, commandTimeoutMs = COMMAND_TIMEOUT_MS } = options;
  const timeout = options.startTimeoutMs ?? commandTimeoutMs;
  let lookedUpAt = Number.NEGATIVE_INFINITY;
  /** After a failover the old primary answers READONLY: the new one is looked up, and until then this one may be read. */
  const mayLookUp = (): boolean => {
    if (clock.monotonic() - lookedUpAt < LOOK_UP_MS) return false;
    lookedUpAt = clock.monotonic();
    return true;
  };
  const Client = options.reconnectOnTimeout === true ? ImpatientRedis : Redis;
  const settings: RedisOptions = {
    ...kind,
    commandTimeout: timeout,
    connectTimeout: timeout,
    connectionName: name,
    autoResendUnfulfilledCommands: false,
    // `disconnect` waits for the server's FIN, which a frozen one never sends.
    disconnectTimeout: 100,
    maxLoadingRetryTime: 250,
    retryStrategy: (attempt) => Math.min(2000, 50 * 2 ** Math.min(attempt, 10)) * (0.5 + random() / 2),
    reconnectOnError: (error) => error.message.startsWith('READONLY') && mayLookUp(),
  };
  const sentinels = sentinelOptions(url, timeout);
  const client = sentinels === null ? new Client(url, settings) : new Client({ ...settings, ...sentinels });
  const outages = outageLog(log, clock);
  let isAway = false;
  client.on('error', (error: Error) => {
    outages.warn({ err: error, connection: name }, 'Redis cannot be reached', kindOf(error));
    isAway = true;
  });
  client.on('ready', () => {
    if (isAway) log.info({ connection: name }, 'Redis can be reached again');
    isAway = false;
  });
  keepHonest(client, clock);
  return client;
}

/**
 * Reconnects if the peer falls silent without closing, as after a network cut, which the kernel takes a quarter of an
 * hour to notice. ioredis' own `socketTimeout` may destroy the next, healthy socket.
 */
function keepHonest(client: Redis, clock: Clock): void {
  let stop: (() => void) | null = null;
  client.on('connect', () => {
    let waiting = false;
    let missed = 0;
    stop?.();
    stop = clock.every(HEARTBEAT_MS, () => {
      if (missed >= HEARTBEATS_MISSED) return client.disconnect(true);
      if (waiting || client.status !== 'ready') {
        missed += 1;
        return;
      }
      waiting = true;
      client
        .ping()
        .then(
          () => (missed = 0),
          // A refusal is an answer, too: a Redis that cannot save refuses even this.
          (error: Error) => (missed = error.name === 'ReplyError' ? 0 : missed + 1),
        )
        .finally(() => (waiting = false));
    });
  });
  client.on('close', () => {
    stop?.();
    stop = null;
  });
}
