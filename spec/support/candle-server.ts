import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

const LENGTH_MS = { days: 86_400_000, minutes: 60_000 };

export interface CandleRequest {
  market: string;
  unit: 'days' | 'minutes';
  /** Exclusive. */
  to: number;
  count: number;
}

export interface CandleServer {
  readonly rest: string;
  /** Requests for candles that were answered with candles. */
  readonly answered: CandleRequest[];
  /** Of requests for candles that came while another was being answered. */
  readonly overlaps: number;
  /** The next requests for candles are answered so, one each. */
  refuse(...answers: { status: number; headers?: Record<string, string>; body: string }[]): void;
  /** Holds every request for candles from now on. @returns resolves when one is held */
  hold(): Promise<CandleRequest>;
  release(): void;
  stop(): Promise<void>;
}

/** The price of a market at the start of an interval: another one each day and each minute. */
export function priceAt(market: string, time: number): number {
  return (
    market.length * 1_000 +
    (Math.floor(time / LENGTH_MS.minutes) % 977) +
    (Math.floor(time / LENGTH_MS.days) % 89)
  );
}

/**
 * A server that speaks Upbit's public protocol for past candles, newest first: `GET /v1/market/all`, `/v1/candles/days` and
 * `/v1/candles/minutes/1`.
 * @param markets when each was listed, epoch milliseconds
 */
export async function startCandleServer(markets: Record<string, number>): Promise<CandleServer> {
  const sockets = new Set<Socket>();
  const refusals: { status: number; headers?: Record<string, string>; body: string }[] = [];
  const answered: CandleRequest[] = [];
  const held: (() => void)[] = [];
  let [overlaps, open, isHolding] = [0, 0, false];
  let onHeld: ((request: CandleRequest) => void) | null = null;

  const send = (response: ServerResponse, status: number, body: unknown): void => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
  const http = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://127.0.0.1');
    if (url.pathname === '/v1/market/all') {
      return send(
        response,
        200,
        Object.keys(markets).map((market) => ({ market, english_name: market })),
      );
    }
    const unit = /^\/v1\/candles\/(days|minutes)(?:\/1)?$/.exec(url.pathname)?.[1] as
      CandleRequest['unit'] | undefined;
    if (unit === undefined) return send(response, 404, {});
    const asked: CandleRequest = {
      market: url.searchParams.get('market') ?? '',
      unit,
      to: Date.parse(url.searchParams.get('to') ?? ''),
      count: Number(url.searchParams.get('count')),
    };
    if (open > 0) overlaps += 1;
    open += 1;
    response.once('close', () => (open -= 1));
    const refusal = refusals.shift();
    if (refusal !== undefined) {
      response.writeHead(refusal.status, refusal.headers);
      return response.end(refusal.body);
    }
    const answer = (): void => {
      answered.push(asked);
      send(response, 200, candlesOf(asked, markets[asked.market] ?? Infinity));
    };
    if (!isHolding) return answer();
    held.push(answer);
    onHeld?.(asked);
    return undefined;
  });
  http.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const address = http.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return {
    rest: `http://127.0.0.1:${address.port}`,
    answered,
    get overlaps() {
      return overlaps;
    },
    refuse: (...answers) => void refusals.push(...answers),
    hold() {
      isHolding = true;
      return new Promise((resolve) => (onHeld = resolve));
    },
    release() {
      isHolding = false;
      for (const answer of held.splice(0)) answer();
    },
    async stop() {
      const closed = once(http, 'close');
      http.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function candlesOf({ market, unit, to, count }: CandleRequest, listed: number): object[] {
  const length = LENGTH_MS[unit];
  const candles: object[] = [];
  let time = (Math.ceil(to / length) - 1) * length;
  for (; candles.length < count && time >= listed; time -= length) {
    const price = priceAt(market, time);
    candles.push({
      market,
      candle_date_time_utc: new Date(time).toISOString().slice(0, 19),
      opening_price: price,
      high_price: price + 2,
      low_price: price - 1,
      trade_price: price + 1,
      timestamp: time + length - 1,
      candle_acc_trade_price: price * 3,
      candle_acc_trade_volume: 3,
    });
  }
  return candles;
}
