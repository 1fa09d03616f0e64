import { logIn, startNode, type NodeProcess } from '../spec/support/node-process.ts';
import { startPostgres } from '../spec/support/postgres-server.ts';

/** A node on PostgreSQL with one portfolio of very many trades, imported as a user would. */
export interface LargeList {
  node: NodeProcess;
  databaseUrl: string;
  portfolioId: string;
  authorization: string;
  trades: number;
  close: () => Promise<void>;
}

const ROWS_AT_ONCE = 250_000;
const SYMBOLS = 50;
const STEP_MS = 60_000;

const NOTES = [
  '분할매수 2차',
  '비트코인 장기 보유',
  'grid bot',
  '',
  '',
  'rebalancing',
  '손절: 급락',
  '',
  'first buy of the day',
];

/** Two purchases per sale, so that nothing is sold short. Some words and tags are rare. */
function row(n: number, time: number): string {
  const symbol = `C${Math.floor(n / 3) % SYMBOLS}/KRW`;
  const exchange = ['upbit', 'upbit', 'bithumb', 'binance'][n % 4];
  const note = n % 50_000 === 7 ? `needle ${n}` : NOTES[n % NOTES.length];
  const tags = n % 20_000 === 11 ? 'bot;rare' : ['bot', '', 'manual'][n % 3];
  const price = 10_000 + ((n * 7_919) % 10_007);
  const at = new Date(time).toISOString();
  return `${at},${exchange},${symbol},${n % 3 === 2 ? 'sell' : 'buy'},${n % 2 === 0 ? 'limit' : 'market'},0.${1_000_000 + n},${price},5.${n % 97},KRW,x${n},o-${Math.floor(n / 2)},${note},${tags}`;
}

/** Starts it, and books everything. */
export async function largeList(trades: number): Promise<LargeList> {
  const server = await startPostgres({ durable: true, sharedBuffers: '1GB' });
  const node = await startNode({
    MARKET_FEED: 'push',
    DEMO: 'false',
    DATABASE_URL: server.url,
    LOG_LEVEL: 'warn',
    IMPORT_LIMIT_MB: '512',
    RATE_LIMIT_ADDRESS: '0',
    RATE_LIMIT_USER: '0',
  });
  const close = async (): Promise<void> => {
    await node.end('SIGTERM');
    await server.stop();
  };
  try {
    const authorization = await logIn(node.url);
    const send = async (path: string, body: string, type: string): Promise<{ id: string }> => {
      const headers = { authorization, 'content-type': type };
      const response = await fetch(`${node.url}/v1/portfolios${path}`, { method: 'POST', headers, body });
      if (!response.ok) throw new Error(await response.text());
      return (await response.json()) as { id: string };
    };
    const settings = JSON.stringify({ name: 'Bench', cashMode: 'untracked' });
    const { id } = await send('', settings, 'application/json');
    const start = Date.now() - (trades + 1_000) * STEP_MS;
    const head =
      'time,exchange,symbol,side,type,quantity,price,feeAmount,feeCurrency,externalId,orderId,note,tags';
    for (let first = 0; first < trades; first += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, trades - first);
      const rows = Array.from({ length: count }, (_, k) => row(first + k, start + (first + k) * STEP_MS));
      await send(`/${id}/trades/import`, [head, ...rows].join('\n'), 'text/csv');
    }
    return { node, databaseUrl: server.url, portfolioId: id, authorization, trades, close };
  } catch (error) {
    await close();
    throw error;
  }
}
