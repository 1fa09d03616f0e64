import { useComputed, useSignal } from '@preact/signals';
import { MarktideError } from 'marktide/client';
import type { Portfolio } from '../api.ts';
import { useQuery } from '../live/use-query.ts';
import { hrefOf, params } from '../page/route.ts';
import { Message } from '../page/message.tsx';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { TradesCard } from '../trades/trades-card.tsx';
import { CandleCard } from './candle-card.tsx';
import { LotsCard } from './lots-card.tsx';
import { PositionCard } from './position-card.tsx';
import { RealizedCard } from './realized-card.tsx';

const STEP = 200;
/** The server's maximum of each kind; older ones are summed up. */
const MOST = 1_000;

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  asset: string;
}

/** One asset of a portfolio: its price with the user's trades, its lots, and what was realised. */
export function AssetView({ dashboard, portfolio, asset }: Props) {
  const { id: portfolioId, baseCurrency } = portfolio;
  const { client, changes, isSettled, holdings, pnl, connection, market } = dashboard;
  const limit = useSignal(STEP);
  const query = useQuery({
    load: async (signal) => {
      const asked = { path: { portfolioId }, query: { asset, limit: limit.peek() } };
      try {
        return (await client.api.explainPnl(asked, { signal })).items[0] ?? null;
      } catch (error) {
        // There is nothing to explain about an asset that was never in the ledger.
        if (error instanceof MarktideError && error.status === 400) return null;
        throw error;
      }
    },
    of: [portfolioId, asset, limit.value, isSettled.value],
    isOn: isSettled.value,
    changes,
  });
  const holding = useComputed(() => holdings.value?.items.find((each) => each.asset === asset));
  const traded = useComputed(() =>
    market.rows.value.map(({ symbol }) => symbol).filter((symbol) => symbol.split('/')[0] === asset),
  );
  const main = holding.value?.symbol ?? `${asset}/${baseCurrency}`;
  const symbols = [...new Set([main, ...traded.value])];
  const asked = params.value['symbol'];
  const symbol = symbols.find((each) => each === asked) ?? main;
  const explanation = query.answer.value;
  const face = connection.face.value;
  return (
    <div class="dashboard" id="asset">
      <div class="heading">
        <a href={hrefOf({ view: 'portfolio', portfolioId })}>{portfolio.name}</a>
        <span aria-hidden="true">›</span>
        <h2 id="asset-title">{asset}</h2>
        {holding.value === undefined && holdings.value !== null && (
          <span class="aside">{text('asset.notHeld')}</span>
        )}
      </div>
      {holding.value !== undefined && (
        <PositionCard
          holding={holding.value}
          portfolioId={portfolioId}
          currency={baseCurrency}
          pnl={pnl.value}
        />
      )}
      {asset !== baseCurrency && (
        <CandleCard dashboard={dashboard} portfolio={portfolio} symbol={symbol} symbols={symbols} />
      )}
      <Message id="asset-note" class="note">
        {staleText(query.error.value)}
      </Message>
      {explanation !== null && (
        <>
          <LotsCard explanation={explanation} currency={baseCurrency} face={face} />
          <RealizedCard explanation={explanation} currency={baseCurrency} face={face} />
          {limit.value < MOST && explanation.earlier.lots.count + explanation.earlier.disposals.count > 0 && (
            <nav class="pages" aria-labelledby="asset-title">
              <button type="button" id="asset-more" onClick={() => (limit.value = MOST)}>
                {text('showMore')}
              </button>
            </nav>
          )}
        </>
      )}
      <TradesCard dashboard={dashboard} portfolio={portfolio} asset={asset} />
    </div>
  );
}
