import { useState } from 'preact/hooks';
import type { Portfolio } from '../api.ts';
import { isKnownZone, localZone } from '../figures/clock-face.ts';
import { Choice } from '../page/choice.tsx';
import { Field, hintOf } from '../page/field.tsx';
import { Message } from '../page/message.tsx';
import { useSubmit } from '../page/use-submit.ts';
import { text } from '../text/text.ts';
import type { Dashboard } from './dashboard.ts';

const COST_METHODS = ['average', 'fifo', 'lifo', 'hifo'] as const;
const CASH_MODES = ['tracked', 'untracked'] as const;
const CURRENCIES = ['KRW', 'USD', 'EUR', 'JPY', 'USDT', 'USDC', 'BTC'];

type Values = Pick<Portfolio, 'name' | 'baseCurrency' | 'timeZone' | 'costMethod' | 'cashMode'> & {
  benchmark: string;
};

function valuesOf(portfolio: Portfolio | null): Values {
  if (portfolio !== null) return { ...portfolio, benchmark: portfolio.benchmark ?? '' };
  return {
    name: '',
    baseCurrency: 'KRW',
    timeZone: localZone(),
    costMethod: 'average',
    cashMode: 'tracked',
    benchmark: '',
  };
}

interface Props {
  dashboard: Dashboard;
  /** `null` for a new one. */
  portfolio: Portfolio | null;
  onDone: () => void;
  onCancel?: () => void;
}

/** Creates a portfolio, or changes its settings. */
export function PortfolioForm({ dashboard, portfolio, onDone, onCancel }: Props) {
  const { api } = dashboard.client;
  const [values, setValues] = useState(() => valuesOf(portfolio));
  const put = (some: Partial<Values>): void => setValues((before) => ({ ...before, ...some }));
  const isNew = portfolio === null;
  // Default for a server with simulated prices: whoever creates a portfolio there most likely wants to try
  // things out.
  const [isPractice, setPractice] = useState(true);
  const isSimulator = dashboard.market.isSimulated.value;
  const { isBusy, message, submit } = useSubmit(async () => {
    const { baseCurrency, benchmark, name, timeZone, costMethod, cashMode } = values;
    const settings = { name, timeZone, costMethod, cashMode };
    // An empty field stands for Bitcoin. The server never returns an empty benchmark, and sending its answer
    // back would pin it.
    const chosen = { benchmark: benchmark === '' ? null : benchmark };
    const saved = isNew
      ? await api.createPortfolio({
          body: { ...settings, ...chosen, baseCurrency, simulated: isSimulator && isPractice },
        })
      : await api.updatePortfolio({
          path: { portfolioId: portfolio.id },
          body: { ...settings, ...(benchmark === valuesOf(portfolio).benchmark ? {} : chosen) },
        });
    dashboard.portfolios.put(saved);
    onDone();
  });
  const upper = (event: { currentTarget: HTMLInputElement }): string =>
    event.currentTarget.value.trim().toUpperCase();

  return (
    <form class="fields" id="portfolio-form" onSubmit={submit}>
      <Field id="portfolio-name" label={text('portfolioName')}>
        <input
          id="portfolio-name"
          required
          maxLength={100}
          autocomplete="off"
          value={values.name}
          onInput={(event) => put({ name: event.currentTarget.value })}
        />
      </Field>
      <Field id="base-currency" label={text('baseCurrency')} hint={text('baseCurrencyHint')}>
        <input
          id="base-currency"
          required
          disabled={!isNew}
          list="currencies"
          pattern="[A-Za-z0-9]{1,20}"
          title={text('invalid.currency')}
          autocomplete="off"
          aria-describedby={hintOf('base-currency')}
          value={values.baseCurrency}
          onChange={(event) => put({ baseCurrency: upper(event) })}
        />
        <datalist id="currencies">
          {CURRENCIES.map((currency) => (
            <option key={currency} value={currency} />
          ))}
        </datalist>
      </Field>
      <Field id="time-zone" label={text('timeZone')} hint={text('timeZoneHint')}>
        <input
          id="time-zone"
          required
          list="time-zones"
          autocomplete="off"
          aria-describedby={hintOf('time-zone')}
          value={values.timeZone}
          onInput={({ currentTarget: field }) => {
            field.setCustomValidity(isKnownZone(field.value) ? '' : text('timeZoneUnknown'));
            put({ timeZone: field.value });
          }}
        />
        <datalist id="time-zones">
          {Intl.supportedValuesOf('timeZone').map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
      </Field>
      <Field id="benchmark-symbol" label={text('benchmark')} hint={text('benchmarkHint')} isOptional>
        <input
          id="benchmark-symbol"
          pattern="[A-Za-z0-9]{1,20}/[A-Za-z0-9]{1,20}"
          title={text('invalid.symbol')}
          autocomplete="off"
          aria-describedby={hintOf('benchmark-symbol')}
          value={values.benchmark}
          onChange={(event) => put({ benchmark: upper(event) })}
        />
      </Field>
      <Choice
        name="cost-method"
        legend={text('costMethod')}
        value={values.costMethod}
        onChange={(costMethod) => put({ costMethod })}
        options={COST_METHODS.map((value) => ({
          value,
          label: text(`costMethod.${value}`),
          about: text(`costMethod.${value}.about`),
        }))}
      />
      <Choice
        name="cash-mode"
        legend={text('cashMode')}
        value={values.cashMode}
        onChange={(cashMode) => put({ cashMode })}
        options={CASH_MODES.map((value) => ({
          value,
          label: text(`cashMode.${value}`),
          about: text(`cashMode.${value}.about`),
        }))}
      />
      {portfolio !== null && portfolio.costMethod !== values.costMethod && (
        <p class="note">{text('costMethodChange')}</p>
      )}
      {isNew && isSimulator && (
        <label class="check">
          <input
            type="checkbox"
            id="practice"
            checked={isPractice}
            onChange={(event) => setPractice(event.currentTarget.checked)}
          />
          <span>{text('practice')}</span>
        </label>
      )}
      <Message id="portfolio-message">{message}</Message>
      <p class="actions">
        {onCancel !== undefined && (
          <button type="button" name="cancel" onClick={onCancel}>
            {text('cancel')}
          </button>
        )}
        <button type="submit" class="primary" disabled={isBusy}>
          {isNew ? text('createPortfolio') : text('save')}
        </button>
      </p>
    </form>
  );
}
