import { useMemo, useRef, useState } from 'preact/hooks';
import type { ListedTrade, Portfolio } from '../api.ts';
import { newUuid } from '../figures/uuid.ts';
import { Message } from '../page/message.tsx';
import { Modal } from '../page/modal.tsx';
import { useSubmit } from '../page/use-submit.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { text } from '../text/text.ts';
import { TradeFields } from './trade-fields.tsx';
import { changesOf, enteredTrade, toBook, type TradeValues, valuesOf } from './trade-values.ts';

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  /** `null`: a new one. */
  trade: ListedTrade | null;
  onClose: () => void;
}

/** Books a trade by hand, changes one, or removes it. */
export function TradeDialog({ dashboard, portfolio, trade, onClose }: Props) {
  const { api } = dashboard.client;
  const { id: portfolioId, timeZone } = portfolio;
  const before = useMemo(() => valuesOf(trade, portfolio), []);
  const [values, setValues] = useState(before);
  const [isRemoving, setRemoving] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  // One for all attempts: an answer that got lost does not book the trade twice.
  const externalId = useMemo(() => `page-${newUuid()}`, []);
  const done = (): void => {
    dashboard.changes.value += 1;
    onClose();
  };
  const timeField = (): HTMLInputElement | null =>
    form.current?.querySelector<HTMLInputElement>('#trade-time') ?? null;
  const put = (some: Partial<TradeValues>): void => {
    timeField()?.setCustomValidity('');
    setValues((typed) => ({ ...typed, ...some }));
  };
  const { isBusy, message, submit, run } = useSubmit(async () => {
    const entered = enteredTrade(values, timeZone);
    if (entered === null) {
      timeField()?.setCustomValidity(text('invalid.time'));
      form.current?.reportValidity();
      return;
    }
    if (trade === null) {
      await api.bookTrades({ path: { portfolioId }, body: toBook(entered, externalId) });
    } else {
      const body = changesOf(before, values, entered);
      if (Object.keys(body).length > 0)
        await api.changeTrade({ path: { portfolioId, tradeId: trade.id }, body });
    }
    done();
  });
  const remove = (tradeId: string): void =>
    run(async () => {
      await api.removeTrade({ path: { portfolioId, tradeId } });
      done();
    });

  return (
    <Modal
      id="trade-dialog"
      title={trade === null ? text('addTrade') : text('changeTrade')}
      onClose={onClose}
    >
      <form class="fields" id="trade-form" ref={form} onSubmit={submit}>
        <TradeFields
          values={values}
          put={put}
          symbols={dashboard.market.rows.peek().map(({ symbol }) => symbol)}
          zone={dashboard.connection.face.value.zone}
          isNew={trade === null}
        />
        <Message id="trade-message">{message}</Message>
        {isRemoving && trade !== null && (
          <div class="note" role="alert" id="trade-remove-sure">
            <p>{text('removeTradeSure')}</p>
            <p class="choices">
              <button type="button" name="remove-sure" disabled={isBusy} onClick={() => remove(trade.id)}>
                {text('remove')}
              </button>
              <button type="button" name="keep" onClick={() => setRemoving(false)}>
                {text('keep')}
              </button>
            </p>
          </div>
        )}
        <p class="actions">
          {trade !== null && !isRemoving && (
            <button type="button" name="remove" class="apart" onClick={() => setRemoving(true)}>
              {text('removeTrade')}
            </button>
          )}
          <button type="button" name="cancel" onClick={onClose}>
            {text('cancel')}
          </button>
          <button type="submit" class="primary" disabled={isBusy}>
            {isBusy ? text('saving') : text('save')}
          </button>
        </p>
      </form>
    </Modal>
  );
}
