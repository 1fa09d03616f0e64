import type { components } from 'marktide/client';
import type { Portfolio } from '../api.ts';
import { isListed } from '../entries/entry-kinds.ts';
import { hrefOf } from '../page/route.ts';
import { useSubmit } from '../page/use-submit.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { FigureCell, RowName, WordsCell } from '../table/cell.tsx';
import { text } from '../text/text.ts';
import { partWords } from './part-words.ts';

type AnyEntry = components['schemas']['Entry'];

export interface Part {
  /** What it adds; `undefined` if that is not asked, `null` if it is not known. */
  amount?: string | null;
  entry: AnyEntry;
}

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  parts: readonly Part[];
  format: (value: string) => string;
  /** Whether the amounts are gains and losses. */
  tinted: boolean;
}

/** Entries of the ledger, each with what it adds. Whoever may change them can open them. */
export function PartRows({ dashboard, portfolio, parts, format, tinted }: Props) {
  const { client, connection, dialog } = dashboard;
  const { id: portfolioId, baseCurrency } = portfolio;
  const { isBusy, run } = useSubmit(async () => undefined);
  const face = connection.face.value;
  const open = (entry: AnyEntry): void =>
    run(async () => {
      if (isListed(entry)) dialog.value = { type: 'entry', entry };
      else {
        const trade = await client.api.getTrade({ path: { portfolioId, tradeId: entry.id } });
        dialog.value = { type: 'trade', trade };
      }
    });
  return (
    <>
      {parts.map(({ amount, entry }) => {
        const { kind, asset, details } = partWords(entry);
        const time = face.dateTime(entry.time);
        return (
          <tr role="row" key={entry.id} data-entry={entry.id}>
            <RowName>{time}</RowName>
            <WordsCell label={text('entryKind')}>{kind}</WordsCell>
            <WordsCell label={text('asset')}>
              {asset === baseCurrency || asset.includes(' ') ? (
                asset
              ) : (
                <a href={hrefOf({ view: 'asset', portfolioId, asset })}>{asset}</a>
              )}
            </WordsCell>
            <WordsCell label={text('details')} class="wrapped">
              {details}
            </WordsCell>
            {amount !== undefined && (
              <FigureCell label={text('explain.amount')} value={amount} format={format} tinted={tinted} />
            )}
            {portfolio.access !== 'read' && (
              <td role="cell" class="row-actions">
                <button
                  type="button"
                  name="edit"
                  disabled={isBusy}
                  aria-label={text('editEntry', { kind, time })}
                  onClick={() => open(entry)}
                >
                  {text('edit')}
                </button>
              </td>
            )}
          </tr>
        );
      })}
    </>
  );
}

/** The headings of the rows. */
export function partHeadings(hasAmount: boolean, mayWrite: boolean): string[] {
  return [
    text('time'),
    text('entryKind'),
    text('asset'),
    text('details'),
    ...(hasAmount ? [text('explain.amount')] : []),
    ...(mayWrite ? [text('actions')] : []),
  ];
}
