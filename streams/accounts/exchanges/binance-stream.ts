import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { z } from 'zod';
import type { Credentials } from '../../../lib/exchanges/exchange.ts';
import type { AccountNews, AdapterOptions, StreamProtocol } from './adapter.ts';
import { id, millis } from './answers.ts';
import { type BinanceTrades, tradeEntry } from './binance-trades.ts';
import type { CcxtClient } from './ccxt-client.ts';
import { streamUrl } from './order-stream.ts';

const ADDRESS = 'wss://ws-api.binance.com/ws-api/v3';
const RECEIVE_MS = 10_000;

const amount = z.string().regex(/^\d{1,20}(\.\d{1,18})?$/);
/**
 * An order has changed: `x` says how. For a fill, `t` is its id, and `l`, `L`, `Y` are quantity, price and
 * value.
 */
const reportSchema = z.object({
  e: z.literal('executionReport'),
  x: z.string(),
  s: z.string(),
  S: z.enum(['BUY', 'SELL']),
  i: id,
  t: z.int(),
  T: millis,
  l: amount,
  L: amount,
  Y: amount,
  n: amount.nullish(),
  N: z.string().nullish(),
});
const eventSchema = z.object({ event: z.looseObject({ e: z.string() }) });
const refusedSchema = z.object({
  status: z.int().min(400),
  error: z.object({ code: z.int() }),
});
/** Balances have changed; a fill changes them too, but is announced first. */
const MOVES = new Set(['balanceUpdate', 'outboundAccountPosition']);

const DUE: AccountNews = { entries: [], hints: [], isDue: true };

/** Binance's user data stream, whose messages contain complete fills. */
export function binanceStream(
  { credentials, url }: AdapterOptions,
  { client, trades }: { client: Pick<CcxtClient, 'now' | 'setClock'>; trades: BinanceTrades },
): StreamProtocol {
  let isClockWrong = false;
  return {
    async connect() {
      if (isClockWrong) await client.setClock();
      isClockWrong = false;
      await trades.list(client.now());
      // In alphabetical order, as required for signing.
      const params = {
        apiKey: credentials.apiKey ?? '',
        recvWindow: String(RECEIVE_MS),
        timestamp: String(client.now()),
      };
      const signature = signatureOf(new URLSearchParams(params).toString(), credentials);
      const method = 'userDataStream.subscribe.signature';
      return {
        url: streamUrl(ADDRESS, url),
        headers: {},
        hello: [JSON.stringify({ id: '1', method, params: { ...params, signature } })],
      };
    },
    hear(message) {
      const refused = refusedSchema.safeParse(message).data;
      if (refused !== undefined) {
        isClockWrong = refused.error.code === -1021;
        return { ended: String(refused.error.code) };
      }
      const event = eventSchema.safeParse(message).data?.event;
      // Subscribed: the stream covers everything from here on.
      if (event === undefined) return DUE;
      if (event.e === 'eventStreamTerminated' || event.e === 'serverShutdown') return { ended: event.e };
      if (MOVES.has(event.e)) return DUE;
      return event.e === 'executionReport' ? fillOf(event, trades) : null;
    },
  };
}

function fillOf(event: unknown, trades: BinanceTrades): AccountNews | null {
  const report = reportSchema.safeParse(event).data;
  // A message that cannot be parsed leads to a pass, which reads the list.
  if (report === undefined) return DUE;
  if (report.x !== 'TRADE') return null;
  const assets = trades.assetsOf(report.s);
  if (assets === null || typeof report.N !== 'string') return DUE;
  const trade = {
    symbol: report.s,
    id: report.t,
    orderId: report.i,
    price: report.L,
    qty: report.l,
    quoteQty: report.Y,
    commission: report.n ?? '0',
    commissionAsset: report.N,
    time: report.T,
    isBuyer: report.S === 'BUY',
  };
  return { entries: [tradeEntry(trade, assets)], hints: [], isDue: false };
}

/** An HMAC, unless the secret is the user's own private key: Ed25519 or RSA. */
function signatureOf(text: string, { secret = '' }: Credentials): string {
  if (!secret.includes('PRIVATE KEY')) return createHmac('sha256', secret).update(text).digest('hex');
  const key = createPrivateKey(secret);
  const algorithm = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return sign(algorithm, Buffer.from(text), key).toString('base64');
}
