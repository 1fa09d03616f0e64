import { createHmac, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { AdapterOptions, StreamProtocol } from './adapter.ts';
import { streamUrl } from './order-stream.ts';

const ADDRESS = 'wss://stream.coinone.co.kr/v1/private';

/** The documents have seconds in some messages and milliseconds in others. */
const instant = z.coerce
  .number()
  .int()
  .positive()
  .transform((value) => (value < 100_000_000_000 ? value * 1_000 : value));

const messageSchema = z.union([
  z.object({
    channel: z.literal('MYORDER'),
    data: z.object({ order_id: z.string(), trade_id: z.string(), executed_timestamp: instant }),
  }),
  z.object({ response_type: z.literal('DATA'), channel: z.literal('MYASSET') }),
  z.object({ response_type: z.literal('ERROR'), error_code: z.coerce.string().regex(/^\d{1,12}$/) }),
]);

/** Coinone's private stream. It does not say which asset a fee was paid in, so fills are looked up. */
export function coinoneStream(
  { credentials, url }: AdapterOptions,
  { now }: { now: () => number },
): StreamProtocol {
  return {
    ping: JSON.stringify({ request_type: 'PING' }),
    async connect() {
      const claims = { access_token: credentials.apiKey, nonce: randomUUID(), timestamp: now() };
      const payload = Buffer.from(JSON.stringify(claims)).toString('base64');
      const signature = coinoneSignature(payload, credentials.secret ?? '');
      return {
        url: streamUrl(ADDRESS, url),
        headers: { 'X-COINONE-PAYLOAD': payload, 'X-COINONE-SIGNATURE': signature },
        hello: ['MYASSET', 'MYORDER'].map((channel) =>
          JSON.stringify({ request_type: 'SUBSCRIBE', channel }),
        ),
      };
    },
    hear(message) {
      const { data } = messageSchema.safeParse(message);
      if (data === undefined) return null;
      if ('error_code' in data) return { ended: data.error_code };
      // Deposits and withdrawals change assets too, and no other message announces them.
      if (data.channel === 'MYASSET') return { entries: [], hints: [], isDue: true };
      const { order_id: order, trade_id: fill, executed_timestamp: at } = data.data;
      return { entries: [], hints: [{ order, fill, at }], isDue: false };
    },
  };
}

/** The signature of a payload in base64, for requests and streams alike. */
export function coinoneSignature(payload: string, secret: string): string {
  return createHmac('sha512', secret).update(payload).digest('hex');
}
