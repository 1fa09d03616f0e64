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
import { formerOf } from './undoing.ts';
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
  const done = (what: string, undo: () => Promise<unknown>): void => {
    dashboard.changes.value += 1;
    dashboard.undoable.value = { what, undo: async () => void (await undo()) };
    onClose();
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
      const made = await api.bookEntries({ path: { portfolioId }, query, body }).catch(refused);
      // One entry was sent, so one comes back.
      if (!('id' in made)) return onClose();
      const path = { portfolioId, entryId: made.id };
      done(text('undo.entryAdded', { kind: text(`entry.${values.kind}`) }), () => api.removeEntry({ path }));
    } else {
      const was = enteredEntry(before, fromLocalTime(before.time, timeZone) ?? entry.time, assets);
      const body = changesOf(was, entered);
      if (body === null) return onClose();
      const path = { portfolioId, entryId: entry.id };
      const former = formerOf(await api.getEntry({ path }), body);
      await api.changeEntry({ path, body });
      const undo = () => api.changeEntry({ path, body: former });
      done(text('undo.entryChanged', { kind: text(`entry.${entry.kind}`) }), undo);
    }
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
