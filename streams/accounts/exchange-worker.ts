import { createHash } from 'node:crypto';
import { systemClock } from '../../lib/clock.ts';
import { AccountError, type Failure } from '../../lib/exchanges/account-failure.ts';
import { sendNews, serveRequests } from '../../lib/process/worker-thread.ts';
import { RecentMap } from '../../lib/recent-map.ts';
import type { AccountAdapter, AccountNews, AccountRequest, Watched } from './exchanges/adapter.ts';
import { openAdapter } from './exchanges/open-adapter.ts';
import { PrivateStream } from './exchanges/private-stream.ts';

/** `unwatch`: the account whose stream to close. */
export type WorkerRequest = AccountRequest | { unwatch: string };
export type WorkerAnswer = { result: unknown } | { failure: Failure };
/** News about an account's stream. */
export type WorkerNews = { accountId: string } & ({ news: AccountNews } | { lost: string });

/** The maximum number of adapters to keep, each with its client's rate limiter. */
const KEPT = 200;

/**
 * Runs outside the node's event loop: ccxt takes half a second to load, and its signing and parsing block.
 */
const adapters = new RecentMap<string, Promise<AccountAdapter>>(KEPT);

/** Streams by account, each with the key of its adapter. */
const streams = new Map<string, { key: string; stream: PrivateStream }>();

/** A digest, so that credentials do not serve as the key of a map. */
function keyOf({ accountId, exchange, credentials, url }: AccountRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([accountId, exchange, url, credentials]))
    .digest('hex');
}

function adapterOf(request: AccountRequest): Promise<AccountAdapter> {
  const { exchange, credentials, url } = request;
  const key = keyOf(request);
  const kept = adapters.get(key);
  if (kept !== undefined) return kept;
  const opened = openAdapter(exchange, { credentials, url });
  adapters.set(key, opened);
  opened.catch(() => adapters.delete(key));
  return opened;
}

async function carryOut(request: WorkerRequest): Promise<unknown> {
  if ('unwatch' in request) return unwatch(request.unwatch);
  const adapter = await adapterOf(request);
  switch (request.method) {
    case 'inspect':
      return await adapter.inspect();
    case 'balances':
      return await adapter.balances();
    case 'page':
      return await adapter.page(request.source, request.cursor, request.now);
    case 'watch':
      return watch(request, adapter);
    case 'fills':
      return await adapter.live?.fills?.read(request.cursor, request.hints);
    default:
      return adapter.sources;
  }
}

/** Opens an account's stream, unless it is open already. */
function watch(request: AccountRequest, { live }: AccountAdapter): Watched | null {
  if (live === undefined) return null;
  const { accountId } = request;
  const key = keyOf(request);
  const running = streams.get(accountId);
  if (running?.key !== key) {
    unwatch(accountId);
    const tell = (what: { news: AccountNews } | { lost: string }): void =>
      sendNews({ accountId, ...what } satisfies WorkerNews);
    const stream = new PrivateStream({
      protocol: live.stream,
      clock: systemClock,
      random: Math.random,
      onNews: (news) => tell({ news }),
      onLoss: (lost) => tell({ lost }),
    });
    streams.set(accountId, { key, stream });
  }
  return { source: live.fills?.source ?? null };
}

function unwatch(accountId: string): void {
  void streams.get(accountId)?.stream.close();
  streams.delete(accountId);
}

serveRequests(async (request: WorkerRequest): Promise<WorkerAnswer> => {
  try {
    return { result: await carryOut(request) };
  } catch (error) {
    // Other errors may hold what was sent.
    return { failure: error instanceof AccountError ? error.failure : { code: 'internal-error' } };
  }
});
