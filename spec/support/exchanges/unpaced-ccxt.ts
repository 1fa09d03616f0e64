import { importCcxt } from '../../../lib/exchanges/ccxt.ts';
import type { ExchangeClass } from '../../../streams/market/feeds/ccxt-exchange.ts';

/** Loads ccxt with one exchange that is asked at once: its own pace (a second and more at Kraken) is of no use to a stand-in. */
export async function loadUnpaced(id: string): Promise<unknown> {
  const { pro } = (await importCcxt()) as { pro: Record<string, ExchangeClass> };
  const Paced = pro[id];
  if (Paced === undefined) throw new RangeError(`ccxt has no exchange ${id}`);
  class Unpaced extends Paced {
    constructor(config: Record<string, unknown>) {
      super({ ...config, rateLimit: 1 });
    }
  }
  return { pro: { [id]: Unpaced }, exchanges: [] };
}
