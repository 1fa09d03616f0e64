import { hash } from 'node:crypto';
import type { Context } from 'koa';
import type { Made, Outcome } from '../../lib/cache/answer-cache.ts';
import { isKnown } from './conditional.ts';
import { marketVersion, MarketReading } from '../../streams/market/market-reading.ts';
import { tagOfBasis, wholeBasis } from './answer-tag.ts';
import { answerText } from './answer-text.ts';
import type { Endpoint, Cached } from './endpoint.ts';
import type { Services } from './handler-services.ts';

/** The maximum age that a request accepts, in milliseconds (`Cache-Control: max-stale`, RFC 9111, 5.2.1.2). */
function maxStaleMs(ctx: Context): number {
  const found = /(?:^|[\s,])max-stale(?:=(\d{1,9}))?(?=[\s,]|$)/i.exec(ctx.get('Cache-Control'));
  if (found === null) return 0;
  return found[1] === undefined ? Number.POSITIVE_INFINITY : Number(found[1]) * 1000;
}

/** Answers from the cache, or computes the answer; `X-Cache` says which. A client with a valid copy gets 304. */
export async function cachedReply(
  ctx: Context,
  endpoint: Endpoint,
  cached: Cached<unknown>,
  services: Services,
): Promise<void> {
  const { tagged } = cached.terms;
  const known = typeof tagged === 'string' ? tagOfBasis(tagged, services.timeline.name) : null;
  if (known !== null && isKnown(ctx, known)) {
    ctx.set({ 'X-Cache': 'hit', ETag: known });
    ctx.status = 304;
    return;
  }
  const { tag, text, outcome } = await find(ctx, endpoint, cached, services);
  ctx.set({ 'X-Cache': outcome, ETag: tag });
  if (isKnown(ctx, tag)) {
    ctx.status = 304;
    return;
  }
  ctx.type = 'json';
  ctx.body = text;
}

async function find(
  ctx: Context,
  endpoint: Endpoint,
  cached: Cached<unknown>,
  { answers, market, timeline }: Services,
): Promise<{ tag: string; text: string; outcome: Outcome }> {
  const { cache, response } = endpoint;
  if (cache === undefined || response === null) throw new TypeError(`${endpoint.id} declares no cache`);
  const { owner, question, basis, tagged } = cached.terms;
  const make = async (): Promise<Made> => {
    const reading = new MarketReading(market);
    const body = await cached.make(reading);
    const { text, tag } = await answerText(response, body, endpoint.untagged);
    return {
      watched: reading.seen,
      tag: typeof tagged === 'string' ? tagOfBasis(tagged, timeline.name) : tag,
      text,
    };
  };
  if (basis === null || !market.isSettled) return { ...(await make()), outcome: 'miss' };
  const { kind, staleS = 0 } = cache;
  const { answer, outcome } = await answers.read(
    {
      kind,
      owner,
      name: `${endpoint.id}:${hash('sha256', JSON.stringify(question), 'base64url').slice(0, 22)}`,
      basis: wholeBasis(basis, timeline.name),
      versionOf: (watched) => marketVersion(market, watched),
      staleMs: Math.min(maxStaleMs(ctx), staleS * 1000),
    },
    make,
  );
  return { ...answer, outcome };
}
