import { useMemo, useRef, useState } from 'preact/hooks';
import type { Portfolio } from '../api.ts';
import { DECIMAL, plainDecimal } from '../figures/decimal-input.ts';
import { newUuid } from '../figures/uuid.ts';
import { fromLocalTime, toLocalTime } from '../figures/zoned-time.ts';
import { Field, hintOf } from '../page/field.tsx';
import { Message } from '../page/message.tsx';
import { Modal } from '../page/modal.tsx';
import { Segments } from '../page/segments.tsx';
import { useSubmit } from '../page/use-submit.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { text } from '../text/text.ts';
import { FLOW_KINDS, type FlowKind } from './flow-kinds.ts';

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  onClose: () => void;
}

/** Books a deposit, a withdrawal or a reward by hand. */
export function FlowDialog({ dashboard, portfolio, onClose }: Props) {
  const { id: portfolioId, timeZone, baseCurrency } = portfolio;
  const [kind, setKind] = useState<FlowKind>('deposit');
  const [values, setValues] = useState(() => ({
    asset: baseCurrency,
    quantity: '',
    time: toLocalTime(Date.now(), timeZone),
    note: '',
  }));
  const time = useRef<HTMLInputElement>(null);
  // One for all attempts: an answer that got lost does not book it twice.
  const externalId = useMemo(() => `page-${newUuid()}`, []);
  const bound = (name: keyof typeof values) => ({
    id: `flow-${name}`,
    name,
    autocomplete: 'off' as const,
    value: values[name],
    onInput: ({ currentTarget: { value } }: { currentTarget: HTMLInputElement }) => {
      time.current?.setCustomValidity('');
      setValues((typed) => ({ ...typed, [name]: value }));
    },
  });
  const { isBusy, message, submit } = useSubmit(async () => {
    const instant = fromLocalTime(values.time, timeZone);
    if (instant === null) {
      time.current?.setCustomValidity(text('invalid.time'));
      time.current?.reportValidity();
      return;
    }
    const note = values.note.trim();
    await dashboard.client.api.bookEntries({
      path: { portfolioId },
      body: {
        kind,
        externalId,
        asset: values.asset.trim().toUpperCase(),
        quantity: plainDecimal(values.quantity),
        time: instant,
        ...(note === '' ? {} : { note }),
      },
    });
    dashboard.changes.value += 1;
    onClose();
  });

  return (
    <Modal id="flow-dialog" title={text('addFlow')} onClose={onClose}>
      <form class="fields" id="flow-form" onSubmit={submit}>
        <Segments
          id="flow-kind"
          legend={text('flowKind')}
          choices={FLOW_KINDS.map((each) => [each, text(`flow.${each}`)] as const)}
          value={kind}
          onChange={setKind}
        />
        <div class="pair">
          <Field id="flow-asset" label={text('asset')} hint={text('flowAssetHint')}>
            <input
              {...bound('asset')}
              required
              pattern="[A-Za-z0-9]{1,20}"
              title={text('invalid.currency')}
              aria-describedby={hintOf('flow-asset')}
            />
          </Field>
          <Field id="flow-quantity" label={text('quantity')}>
            <input
              {...bound('quantity')}
              required
              inputMode="decimal"
              pattern={DECIMAL}
              title={text('invalid.decimal')}
            />
          </Field>
        </div>
        <Field id="flow-time" label={text('tradeTime', { zone: dashboard.connection.face.value.zone })}>
          <input {...bound('time')} ref={time} type="datetime-local" step={1} required />
        </Field>
        <Field id="flow-note" label={text('tradeNote')} isOptional>
          <input {...bound('note')} maxLength={1_000} />
        </Field>
        <Message id="flow-message">{message}</Message>
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
