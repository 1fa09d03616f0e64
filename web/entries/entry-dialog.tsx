import { useMemo, useRef, useState } from 'preact/hooks';
import type { Portfolio } from '../api.ts';
import { newUuid } from '../figures/uuid.ts';
import { fromLocalTime } from '../figures/zoned-time.ts';
import { Message } from '../page/message.tsx';
import { Modal } from '../page/modal.tsx';
import { useSubmit } from '../page/use-submit.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { useCertainty } from '../page/use-certainty.ts';
import { text } from '../text/text.ts';
import { EntryFields } from './entry-fields.tsx';
import type { Entry } from './entry-kinds.ts';
import { changesOf, enteredEntry, type EntryValues, newValues, toBook, valuesOf } from './entry-values.ts';

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  /** `null` for a new one. */
  entry: Entry | null;
  onClose: () => void;
}

/** Books an entry other than a trade by hand, or edits one. */
export function EntryDialog({ dashboard, portfolio, entry, onClose }: Props) {
  const { api } = dashboard.client;
  const { id: portfolioId, timeZone, baseCurrency } = portfolio;
  const before = useMemo(() => (entry === null ? newValues(portfolio) : valuesOf(entry, portfolio)), []);
  const [values, setValues] = useState(before);
  const form = useRef<HTMLFormElement>(null);
  // The same for all attempts, so that a lost answer does not book it twice.
  const { query, refused, reset } = useCertainty();
  const externalId = useMemo(() => `page-${newUuid()}`, []);
  const assets = useMemo(() => {
    const held = dashboard.holdings.peek()?.items.map(({ asset }) => asset) ?? [];
    return [...new Set([baseCurrency, ...held])];
  }, []);
  const timeField = (): HTMLInputElement | null =>
    form.current?.querySelector<HTMLInputElement>('#entry-time') ?? null;
  const put = (some: Partial<EntryValues>): void => {
    timeField()?.setCustomValidity('');
    reset();
    setValues((typed) => ({ ...typed, ...some }));
  };
  const { isBusy, message, submit } = useSubmit(async () => {
    const time = fromLocalTime(values.time, timeZone);
    if (time === null) {
      timeField()?.setCustomValidity(text('invalid.time'));
      form.current?.reportValidity();
      return;
    }
    const entered = enteredEntry(values, time, assets);
    if (entry === null) {
      const body = toBook(entered, externalId);
      await api.bookEntries({ path: { portfolioId }, query, body }).catch(refused);
    } else {
      const was = enteredEntry(before, fromLocalTime(before.time, timeZone) ?? entry.time, assets);
      const body = changesOf(was, entered);
      if (body !== null) await api.changeEntry({ path: { portfolioId, entryId: entry.id }, body });
    }
    dashboard.changes.value += 1;
    onClose();
  });
  return (
    <Modal id="entry-dialog" title={text(entry === null ? 'addEntry' : 'changeEntry')} onClose={onClose}>
      <form class="fields" id="entry-form" ref={form} onSubmit={submit}>
        <EntryFields
          values={values}
          put={put}
          assets={assets}
          zone={dashboard.connection.face.value.zone}
          isNew={entry === null}
        />
        <Message id="entry-message">{message}</Message>
        <p class="actions">
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
