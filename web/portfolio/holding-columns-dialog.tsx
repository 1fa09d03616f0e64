import { Modal } from '../page/modal.tsx';
import { text } from '../text/text.ts';
import {
  HOLDING_COLUMNS,
  type HoldingColumn,
  resetColumns,
  showColumn,
  shownColumns,
} from './holding-columns.ts';

/** Chooses the columns of the holdings. The table behind it follows at once. */
export function HoldingColumnsDialog({ onClose }: { onClose: () => void }) {
  return (
    <Modal id="columns-dialog" title={text('columns')} onClose={onClose}>
      <p class="aside">{text('columnsAbout')}</p>
      <fieldset class="columns">
        <legend class="hidden">{text('columns')}</legend>
        {(Object.entries(HOLDING_COLUMNS) as [HoldingColumn, (typeof HOLDING_COLUMNS)[HoldingColumn]][]).map(
          ([column, label]) => (
            <label class="check" key={column}>
              <input
                type="checkbox"
                name={column}
                checked={shownColumns.value.has(column)}
                onChange={({ currentTarget: { checked } }) => showColumn(column, checked)}
              />
              {text(label)}
            </label>
          ),
        )}
      </fieldset>
      <p class="actions">
        <button type="button" name="reset" class="apart" onClick={resetColumns}>
          {text('columnsReset')}
        </button>
        <button type="button" name="close" class="primary" onClick={onClose}>
          {text('close')}
        </button>
      </p>
    </Modal>
  );
}
