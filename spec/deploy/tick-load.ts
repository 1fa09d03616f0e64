/** Trades that are pushed through the proxy one after the other; each price is one more than the last. */
export interface TickLoad {
  /** Prices that were acknowledged. */
  readonly sent: number[];
  /** When each of them was, as `performance.now()`. */
  readonly sentAt: number[];
  /** Requests that failed, so that nobody can know whether their trade is booked. */
  readonly failed: string[];
  /** Ends it as it is. */
  stop(): void;
  /** Ends it, and pushes one more trade. @returns the price of that one */
  finish(): Promise<number>;
}

export function pushTicks(url: string, authorization: string): TickLoad {
  const sent: number[] = [];
  const sentAt: number[] = [];
  const failed: string[] = [];
  let price = 0;
  const over = new AbortController();
  const stopped = new AbortController();

  async function push(): Promise<boolean> {
    price += 1;
    const said = await fetch(`${url}/v1/market/ticks`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ symbol: 'BTC/KRW', price: String(price), quantity: '1' }),
    })
      .then(async (response) => {
        const text = await response.text();
        return response.status === 200 ? null : `${response.status} ${text}`;
      })
      .catch((error: unknown) => String(error));
    if (said === null) {
      sent.push(price);
      sentAt.push(performance.now());
    } else failed.push(said);
    return said === null;
  }

  const running = (async () => {
    while (!over.signal.aborted) {
      await push();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  return {
    sent,
    sentAt,
    failed,
    stop() {
      over.abort();
      stopped.abort();
    },
    async finish() {
      over.abort();
      await running;
      while (!(await push()) && !stopped.signal.aborted)
        await new Promise((resolve) => setTimeout(resolve, 50));
      return price;
    },
  };
}

export interface Tally {
  sent: number;
  received: number;
  lost: number;
  repeated: number;
}

/** What one reader got of what was acknowledged after it was in step. */
export function tally(sent: readonly number[], received: readonly number[]): Tally {
  const seen = new Set(received);
  return {
    sent: sent.length,
    received: received.length,
    lost: sent.filter((price) => !seen.has(price)).length,
    repeated: received.length - seen.size,
  };
}

/** One line of a scenario's figures. */
export function printFigures(what: string, figures: object): void {
  const text = Object.entries(figures)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
  process.stdout.write(`    ${what}: ${text}\n`);
}
