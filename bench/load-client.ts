import { connect, type Socket } from 'node:net';
import { microseconds, STAMP, STAMP_DIGITS } from './stamped-trade.ts';
import { answerParent } from './child.ts';

/**
 * Many event stream clients in one process, on raw sockets with one shared read buffer, so that they cost little next
 * to the server. Every event is counted; on the first `sampled` connections its age is measured too.
 */
export interface OpenStreams {
  url: string;
  count: number;
  sampled: number;
  /** Source address, so that there are enough ports: 127.0.0.x */
  from: string;
  lastEventIds?: string[];
}

export interface Received {
  events: number;
  bytes: number;
  closed: number;
  /** Ages in milliseconds: median and 99th percentile. */
  p50: number;
  p99: number;
}

/** For one connection, in milliseconds after its request was written. */
export interface Replay {
  firstEventMs: number;
  lastEventMs: number;
  events: number;
  notices: number;
}

interface Stream {
  socket: Socket;
  isSampled: boolean;
  opened: boolean;
  /** The last bytes of the previous read, in which a timestamp may have begun. */
  tail: Buffer;
  replay: Replay;
  requestedAt: number;
}

/** Connections that are being opened at a time. */
const AT_ONCE = 100;
const BUCKET_US = 50;
const stamp = Buffer.from(STAMP);
const ready = Buffer.from('event:ready');
const notice = Buffer.from('event:notice');
const shared = Buffer.allocUnsafe(256 * 1024);
const streams: Stream[] = [];
const ages = new Uint32Array(200_000);
let events = 0;
let bytes = 0;
let closed = 0;
let readies = 0;
let served: { events: number; readies: number; done: () => void } | null = null;

/** Resolves when all connections together have received so many. */
function untilServed(wanted: { events: number; readies: number }): Promise<void> {
  return new Promise((resolve) => {
    served = { ...wanted, done: resolve };
  });
}

function count(stream: Stream, chunk: Buffer, now: number): void {
  const seam = Buffer.concat([stream.tail, chunk.subarray(0, stamp.length - 1)]);
  const found = seam.includes(stamp) ? 1 : 0;
  let inChunk = 0;
  for (let at = chunk.indexOf(stamp); at >= 0; at = chunk.indexOf(stamp, at + 200)) {
    inChunk += 1;
    const digits = at + stamp.length;
    if (!stream.isSampled || digits + STAMP_DIGITS > chunk.length) continue;
    const age = now - Number(chunk.toString('latin1', digits, digits + STAMP_DIGITS));
    const bucket = Math.min(ages.length - 1, Math.max(0, Math.floor(age / BUCKET_US)));
    ages[bucket] = (ages[bucket] ?? 0) + 1;
  }
  stream.tail = Buffer.from(chunk.subarray(Math.max(0, chunk.length - stamp.length + 1)));
  events += found + inChunk;
  if (found + inChunk === 0) return;
  const { replay } = stream;
  const elapsed = (now - stream.requestedAt) / 1_000;
  if (replay.events === 0) replay.firstEventMs = elapsed;
  replay.events += found + inChunk;
  replay.lastEventMs = elapsed;
}

function openOne(target: URL, isSampled: boolean, from: string, lastEventId: string | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const receive = (length: number): boolean => {
      const chunk = shared.subarray(0, length);
      bytes += length;
      const now = microseconds();
      if (!stream.opened) {
        const head = chunk.toString('latin1', 0, Math.min(length, 12));
        if (head !== 'HTTP/1.1 200') {
          reject(new Error(chunk.toString('latin1', 0, 2_000)));
          return false;
        }
        stream.opened = true;
        resolve();
      }
      if (chunk.includes(ready)) readies += 1;
      if (chunk.includes(notice)) stream.replay.notices += 1;
      count(stream, chunk, now);
      if (served !== null && events >= served.events && readies >= served.readies) served.done();
      return true;
    };
    const socket = connect({
      host: target.hostname,
      port: Number(target.port),
      localAddress: from,
      noDelay: true,
      onread: { buffer: shared, callback: receive },
    });
    const stream: Stream = {
      socket,
      isSampled,
      opened: false,
      tail: Buffer.alloc(0),
      replay: { firstEventMs: 0, lastEventMs: 0, events: 0, notices: 0 },
      requestedAt: 0,
    };
    streams.push(stream);
    socket.on('connect', () => {
      stream.requestedAt = microseconds();
      socket.write(
        `GET ${target.pathname}${target.search} HTTP/1.1\r\nHost: ${target.host}\r\nAccept: text/event-stream\r\n` +
          `${lastEventId === null ? '' : `Last-Event-ID: ${lastEventId}\r\n`}\r\n`,
      );
    });
    socket.on('error', reject);
    socket.on('close', () => {
      closed += 1;
      reject(new Error('closed'));
    });
  });
}

async function open({ url, count: total, sampled, from, lastEventIds }: OpenStreams): Promise<void> {
  const target = new URL(url);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < total) {
      const index = next;
      next += 1;
      await openOne(target, index < sampled, from, lastEventIds?.[index] ?? null);
    }
  };
  await Promise.all(Array.from({ length: lastEventIds ? total : AT_ONCE }, lane));
}

function reset(): void {
  events = 0;
  bytes = 0;
  closed = 0;
  ages.fill(0);
}

function age(quantile: number): number {
  const total = ages.reduce((sum, each) => sum + each, 0);
  let seen = 0;
  const bucket = ages.findIndex((each) => (seen += each) >= total * quantile);
  return ((bucket + 1) * BUCKET_US) / 1_000;
}

async function close(): Promise<void> {
  const ends = streams.splice(0).map(
    ({ socket }) =>
      new Promise<void>((resolve) => {
        if (socket.closed) resolve();
        else socket.once('close', () => resolve());
        socket.destroy();
      }),
  );
  await Promise.all(ends);
  readies = 0;
}

answerParent({
  open,
  reset,
  close,
  received: (): Received => ({ events, bytes, closed, p50: age(0.5), p99: age(0.99) }),
  served: untilServed,
  replays: () => streams.map(({ replay }) => replay),
});
