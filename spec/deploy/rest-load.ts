/** Requests of all kinds through the proxy, several at a time: reads, and trades booked under external ids. */
export interface RestLoad {
  readonly failed: string[];
  /** @returns how many were answered, and how many trades were acknowledged and are in the ledger */
  finish(): Promise<{ requests: number; booked: number; found: number }>;
}

const LANES = 6;

export async function loadRest(url: string, authorization: string): Promise<RestLoad> {
  const failed: string[] = [];
  let requests = 0;
  let booked = 0;
  const over = new AbortController();

  async function call(method: string, path: string, body?: object): Promise<unknown> {
    try {
      const response = await fetch(url + path, {
        method,
        headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (!response.ok) failed.push(`${method} ${path}: ${response.status} ${text.slice(0, 200)}`);
      requests += 1;
      return response.ok ? JSON.parse(text) : null;
    } catch (error) {
      failed.push(`${method} ${path}: ${String(error)} ${String((error as Error).cause)}`);
      return null;
    }
  }

  const made = await call('POST', '/v1/portfolios', { name: 'Load', cashMode: 'untracked' });
  const { id } = made as { id: string };
  const path = `/v1/portfolios/${id}`;

  async function lane(number: number): Promise<void> {
    for (let round = 0; !over.signal.aborted; round += 1) {
      const trade = {
        externalId: `${number}-${round}`,
        exchange: 'upbit',
        symbol: 'BTC/KRW',
        side: 'buy',
        quantity: '0.01',
        price: '100',
        time: '2026-01-02T09:00:00Z',
      };
      if ((await call('POST', `${path}/trades`, trade)) !== null) booked += 1;
      await call('GET', `${path}/pnl`);
      await call('GET', '/v1/market/tickers');
      await call('PATCH', path, { name: `Load ${number} ${round}` });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  const lanes = Array.from({ length: LANES }, (_, number) => lane(number));
  return {
    failed,
    async finish() {
      over.abort();
      await Promise.all(lanes);
      const holdings = (await call('GET', `${path}/holdings`)) as { items: { quantity: string }[] };
      return { requests, booked, found: Math.round(Number(holdings.items[0]?.quantity ?? 0) * 100) };
    },
  };
}
