import { randomUUID } from 'node:crypto';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import { redirect } from '../../../lib/exchanges/ccxt.ts';
import type { AdapterOptions, StreamProtocol } from './adapter.ts';

const messageSchema = z.union([
  z.object({
    type: z.literal('myOrder'),
    state: z.literal('trade'),
    uuid: z.string(),
    trade_uuid: z.string(),
  }),
  z.object({ type: z.literal('myAsset') }),
  z.object({ error: z.object({ name: z.string().regex(/^\w{1,40}$/) }) }),
]);

/**
 * The private stream of Upbit, and of Bithumb, whose API is modelled on it. A fill's share of the order's fee
 * is not exact in the stream, so the order is requested.
 * @param now the time to sign; `null` to sign none
 */
export function orderStream(
  { credentials, url }: AdapterOptions,
  { address, now }: { address: string; now: (() => number) | null },
): StreamProtocol {
  return {
    async connect() {
      const claims = {
        access_key: credentials.apiKey,
        nonce: randomUUID(),
        ...(now === null ? {} : { timestamp: now() }),
      };
      const token = jwt.sign(claims, credentials.secret ?? '', { algorithm: 'HS256', noTimestamp: true });
      return {
        url: streamUrl(address, url),
        headers: { authorization: `Bearer ${token}` },
        hello: [JSON.stringify([{ ticket: randomUUID() }, { type: 'myOrder' }, { type: 'myAsset' }])],
      };
    },
    hear(message) {
      const { data } = messageSchema.safeParse(message);
      if (data === undefined) return null;
      if ('error' in data) return { ended: data.error.name };
      // Deposits and withdrawals change assets too, and no other message announces them.
      if (data.type === 'myAsset') return { entries: [], hints: [], isDue: true };
      return { entries: [], hints: [{ order: data.uuid, fill: data.trade_uuid }], isDue: false };
    },
  };
}

/** The address of a stream, at the host that replaces the exchange's own. */
export function streamUrl(address: string, url: AdapterOptions['url']): string {
  const ws = url === null ? null : url.base.replace(/^http/, 'ws');
  return String(redirect(address, { ws, rest: null }));
}
