import type { ComponentChildren } from 'preact';
import type { Holding, Pnl } from '../api.ts';
import { explainHref } from '../explain/figures.ts';
import { Figure, SmallFigure } from '../figures/figure.tsx';
import { amount, averagePrice, exact, percent, signedAmount, signedPercent } from '../figures/number.ts';
import { reasonOf } from '../portfolio/warnings.ts';
import { text } from '../text/text.ts';

interface ItemProps {
  id: string;
  label: string;
  /** Where it is explained. */
  href?: string;
  value: string | null;
  format: (value: string) => string;
  tinted?: boolean;
  why: string;
  children?: ComponentChildren;
}

function Item({ id, label, href, children, ...figure }: ItemProps) {
  return (
    <div>
      <dt>
        {href === undefined ? (
          label
        ) : (
          <a class="explained" href={href} title={text('explain')}>
            {label}
          </a>
        )}
      </dt>
      <dd id={id}>
        <Figure {...figure} />
        {children}
      </dd>
    </div>
  );
}

interface Props {
  holding: Holding;
  portfolioId: string;
  currency: string;
  pnl: Pnl | null;
}

/** The holding of an asset, live. */
export function PositionCard({ holding, portfolioId, currency, pnl }: Props) {
  const why = (figure: string): string => reasonOf(pnl?.warnings ?? [], figure, holding.asset);
  const money = (value: string): string => amount(value, currency);
  const gain = (value: string): string => signedAmount(value, currency);
  const price = (value: string): string => averagePrice(value, currency);
  return (
    <section class="card" id="position" aria-labelledby="position-title">
      <h2 id="position-title" class="hidden">
        {text('asset.position')}
      </h2>
      <dl class="summary even figures">
        <Item
          id="position-value"
          label={text('value')}
          value={holding.marketValue}
          format={money}
          why={why('marketValue')}
        >
          <SmallFigure value={holding.weight} format={percent} why={why('weight')} />
        </Item>
        <Item
          id="position-unrealized"
          label={text('unrealized')}
          value={holding.unrealizedPnl}
          format={gain}
          tinted
          why={why('unrealizedPnl')}
        >
          <SmallFigure
            value={holding.unrealizedRate}
            format={signedPercent}
            tinted
            why={why('unrealizedRate')}
          />
        </Item>
        <Item
          id="position-realized"
          href={explainHref(portfolioId, 'realized', { asset: holding.asset })}
          label={text('realized')}
          value={holding.realizedPnl.net}
          format={gain}
          tinted
          why={why('realizedPnl.net')}
        />
        <Item
          id="position-price"
          label={text('markPrice')}
          value={holding.markPrice}
          format={price}
          why={why('markPrice')}
        />
        <Item
          id="position-average"
          label={text('averagePrice')}
          value={holding.averagePrice}
          format={price}
          why={why('averagePrice')}
        />
        <Item
          id="position-quantity"
          href={explainHref(portfolioId, 'quantity', { asset: holding.asset })}
          label={text('quantity')}
          value={holding.quantity}
          format={exact}
          why=""
        />
      </dl>
    </section>
  );
}
