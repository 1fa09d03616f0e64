import { useMemo, useRef, useState } from 'preact/hooks';
import type { ListedTrade, Portfolio } from '../api.ts';
import { newUuid } from '../figures/uuid.ts';
import { Message } from '../page/message.tsx';
import { Modal } from '../page/modal.tsx';
import { useSubmit } from '../page/use-submit.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { text } from '../text/text.ts';
import { useCertainty } from '../page/use-certainty.ts';
import { removeForNow } from '../entries/undoing.ts';
import { TradeFields } from './trade-fields.tsx';
import { changesOf, enteredTrade, formerOf, toBook, type TradeValues, valuesOf } from './trade-values.ts';

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  /** `null` for a new one. */
  trade: ListedTrade | null;
  onClose: () => void;
}

/** Books a trade by hand, edits one, or removes it. */
export function TradeDialog({ dashboard, portfolio, trade, onClose }: Props) {
  const { api } = dashboard.client;
  const { id: portfolioId, timeZone } = portfolio;
  const before = useMemo(() => valuesOf(trade, portfolio), []);
  const [values, setValues] = useState(before);
  const symbols = dashboard.market.rows.peek().map(({ symbol }) => symbol);
  const held = dashboard.holdings.peek()?.items.map(({ asset }) => asset) ?? [];
  const known = [portfolio.baseCurrency, ...held, ...symbols.flatMap((symbol) => symbol.split('/'))];
  const [isRemoving, setRemoving] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const { query, refused, reset } = useCertainty();
  // The same for all attempts, so that a lost answer does not book the trade twice.
  const externalId = useMemo(() => `page-${newUuid()}`, []);
  const done = (what: string, undo: () => Promise<unknown>): void => {
    dashboard.changes.value += 1;
    dashboard.undoable.value = { what, undo: async () => void (await undo()) };
    onClose();
  };
  const timeField = (): HTMLInputElement | null =>
    form.current?.querySelector<HTMLInputElement>('#trade-time') ?? null;
  const put = (some: Partial<TradeValues>): void => {
    timeField()?.setCustomValidity('');
    reset();
    setValues((typed) => ({ ...typed, ...some }));
  };
  const { isBusy, message, submit, run } = useSubmit(async () => {
    const entered = enteredTrade(values, timeZone, known);
    if (entered === null) {
      timeField()?.setCustomValidity(text('invalid.time'));
      form.current?.reportValidity();
      return;
    }
    if (trade === null) {
      const body = toBook(entered, externalId);
      const made = await api.bookTrades({ path: { portfolioId }, query, body }).catch(refused);
      // One trade was sent, so one comes back.
      if (!('id' in made)) return onClose();
      const undo = () => api.removeTrade({ path: { portfolioId, tradeId: made.id } });
      done(text('undo.added', { symbol: entered.symbol }), undo);
    } else {
      const body = changesOf(before, values, entered);
      if (Object.keys(body).length === 0) return onClose();
      const path = { portfolioId, tradeId: trade.id };
      const former = formerOf(await api.getTrade({ path }), body);
      await api.changeTrade({ path, body });
      const undo = () => api.changeTrade({ path, body: former });
      done(text('undo.changed', { symbol: trade.symbol }), undo);
    }
  });
  const remove = (removed: ListedTrade): void =>
    run(async () => {
      const undo = await removeForNow(api, portfolioId, removed.id);
      done(text('undo.removed', { symbol: removed.symbol }), undo);
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
          symbols={symbols}
          zone={dashboard.connection.face.value.zone}
          isNew={trade === null}
        />
        <Message id="trade-message">{message}</Message>
        {isRemoving && trade !== null && (
          <div class="note" role="alert" id="trade-remove-sure">
            <p>{text('removeTradeSure')}</p>
            <p class="choices">
              <button type="button" name="remove-sure" disabled={isBusy} onClick={() => remove(trade)}>
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
