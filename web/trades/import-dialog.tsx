import { useEffect, useRef, useState } from 'preact/hooks';
import type { Portfolio } from '../api.ts';
import { ImportedDecisions } from '../decisions/imported-decisions.tsx';
import { newUuid } from '../figures/uuid.ts';
import { Message } from '../page/message.tsx';
import { Modal } from '../page/modal.tsx';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { text } from '../text/text.ts';
import { ImportHints, NO_HINTS, type Hints, queryOf } from './import-hints.tsx';
import { type Outcome, outcomeOf, outcomeOfFailure } from './import-outcome.ts';
import { ImportProgressBar } from './import-progress.tsx';

const ROWS_SHOWN = 200;

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  onClose: () => void;
}

/** Imports a CSV file: sends it, then shows the progress and the outcome of its rows. */
export function ImportDialog({ dashboard, portfolio, onClose }: Props) {
  const form = useRef<HTMLFormElement>(null);
  const life = useRef(new AbortController());
  const [file, setFile] = useState<File | null>(null);
  const [isSkipping, setSkipping] = useState(false);
  const [hints, setHints] = useState<Hints>(NO_HINTS);
  const [isBusy, setBusy] = useState(false);
  /** The import being shown. */
  const [importId, setImportId] = useState<string | null>(null);
  const [outcome, setOutcome] = useState<Outcome | null>(null);
  useEffect(() => () => life.current.abort(), []);

  const clear = (): void => {
    setImportId(null);
    setOutcome(null);
  };
  const send = async (dryRun: boolean): Promise<void> => {
    if (file === null || form.current?.reportValidity() !== true) return;
    const id = newUuid();
    setOutcome(null);
    setImportId(id);
    setBusy(true);
    const { signal } = life.current;
    const flag = (is: boolean): 'true' | 'false' => (is ? 'true' : 'false');
    const query = {
      importId: id,
      dryRun: flag(dryRun),
      skipRejected: flag(isSkipping),
      ...queryOf(hints),
    };
    try {
      // A large file may take long, and its progress is visible.
      const report = await dashboard.client.api.importTrades(
        { path: { portfolioId: portfolio.id }, query, body: file },
        { signal, timeoutMs: null },
      );
      if (signal.aborted) return;
      setOutcome(outcomeOf(report));
      if (report.booked) dashboard.changes.value += 1;
    } catch (error) {
      if (signal.aborted) return;
      setImportId(null);
      setOutcome(outcomeOfFailure(error));
    }
    setBusy(false);
  };

  const progress = dashboard.importProgress.value;
  const { rows = [], unbooked = [], nearMisses = [], hasDecisions = false } = outcome ?? {};
  return (
    <Modal id="import" title={text('importTitle')} onClose={onClose}>
      <form
        class="stacked"
        id="import-form"
        ref={form}
        onSubmit={(event) => {
          event.preventDefault();
          void send(false);
        }}
      >
        <p class="aside">{text('importAbout')}</p>
        <label for="import-file">{text('importFile')}</label>
        <input
          id="import-file"
          type="file"
          accept=".csv,.tsv,.txt,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
          required
          onChange={(event) => {
            clear();
            setFile(event.currentTarget.files?.[0] ?? null);
          }}
        />
        <label class="check">
          <input
            type="checkbox"
            id="import-skip"
            checked={isSkipping}
            onChange={(event) => setSkipping(event.currentTarget.checked)}
          />
          <span>{text('importSkip')}</span>
        </label>
        <ImportHints dashboard={dashboard} hints={hints} put={(some) => setHints({ ...hints, ...some })} />
        {importId !== null && (
          <ImportProgressBar progress={progress?.importId === importId ? progress : null} />
        )}
        <Message id="import-message">{outcome?.message ?? ''}</Message>
        {unbooked.length > 0 && (
          <div id="import-unbooked">
            <p>{text('unbooked')}</p>
            <ul class="figures">
              {unbooked.slice(0, ROWS_SHOWN).map((sum) => (
                <li key={sum}>{sum}</li>
              ))}
            </ul>
          </div>
        )}
        {nearMisses.length > 0 && (
          <div id="import-near">
            <p>{text('nearMisses')}</p>
            <ul class="figures">
              {nearMisses.slice(0, ROWS_SHOWN).map((each) => (
                <li key={each}>{each}</li>
              ))}
            </ul>
          </div>
        )}
        {hasDecisions && <ImportedDecisions dashboard={dashboard} portfolio={portfolio} />}
        {rows.length > 0 && (
          <div
            class="scroll tall"
            id="import-report"
            role="region"
            aria-labelledby="import-title"
            tabIndex={0}
          >
            <ul id="import-rows">
              {rows.slice(0, ROWS_SHOWN).map((row, index) => (
                <li key={index}>{row}</li>
              ))}
            </ul>
          </div>
        )}
        <p class="actions">
          <button type="button" id="import-close" onClick={onClose}>
            {text('close')}
          </button>
          <button type="button" id="import-check" disabled={isBusy} onClick={() => void send(true)}>
            {text('importCheck')}
          </button>
          <button type="submit" class="primary" id="import-book" disabled={isBusy}>
            {text('importBook')}
          </button>
        </p>
      </form>
    </Modal>
  );
}
