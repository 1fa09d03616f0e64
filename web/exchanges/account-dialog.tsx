import { MarktideError } from 'marktide/client';
import { useState } from 'preact/hooks';
import type { ExchangeAccount, Portfolio } from '../api.ts';
import { Field } from '../page/field.tsx';
import { Message } from '../page/message.tsx';
import { Modal } from '../page/modal.tsx';
import { useSubmit } from '../page/use-submit.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { text } from '../text/text.ts';
import { EXCHANGE_IDS, EXCHANGES, type ExchangeId } from './exchanges.ts';
import { type Key, KeyFields } from './key-fields.tsx';

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  /** `null` for a new one. */
  account: ExchangeAccount | null;
  onClose: () => void;
}

const NO_KEY: Key = { apiKey: '', secret: '' };

function isTradingKey(error: unknown): boolean {
  return (
    error instanceof MarktideError && error.body?.errors?.some(({ code }) => code === 'trading-key') === true
  );
}

/** Connects an account at an exchange, or changes its name or key. */
export function AccountDialog({ dashboard, portfolio, account, onClose }: Props) {
  const { api } = dashboard.client;
  const isNew = account === null;
  const [exchange, setExchange] = useState<ExchangeId>(account?.exchange ?? 'upbit');
  const [label, setLabel] = useState(account?.label ?? EXCHANGES.upbit);
  const [key, setKey] = useState(NO_KEY);
  const [mayTrade, setMayTrade] = useState<boolean | null>(null);
  const { isBusy, message, submit } = useSubmit(async () => {
    const path = { portfolioId: portfolio.id };
    const allowed = mayTrade === null ? {} : { allowTradingKey: mayTrade };
    const credentials = key.apiKey === '' ? {} : { credentials: key };
    try {
      if (isNew) await api.connectAccount({ path, body: { exchange, label, credentials: key, ...allowed } });
      else {
        const body = { label, ...credentials, ...allowed };
        await api.updateAccount({ path: { ...path, accountId: account.id }, body });
      }
    } catch (error) {
      // Asked only when it turns out to be necessary.
      if (isTradingKey(error)) setMayTrade(false);
      throw error;
    }
    dashboard.changes.value += 1;
    onClose();
  });
  const choose = (value: string): void => {
    const chosen = EXCHANGE_IDS.find((id) => id === value) ?? exchange;
    setExchange(chosen);
    // Keeps a name that was typed.
    if (label === EXCHANGES[exchange]) setLabel(EXCHANGES[chosen]);
  };
  const title = isNew ? text('account.connect') : text('account.editTitle', { label: account.label });
  return (
    <Modal id="account-dialog" title={title} onClose={onClose}>
      <form class="fields" id="account-form" autocomplete="off" onSubmit={submit}>
        <p class="aside">{text('account.about')}</p>
        {isNew && (
          <Field id="account-exchange" label={text('exchange')}>
            <select
              id="account-exchange"
              value={exchange}
              onChange={({ currentTarget: { value } }) => choose(value)}
            >
              {EXCHANGE_IDS.map((id) => (
                <option key={id} value={id}>
                  {EXCHANGES[id]}
                </option>
              ))}
            </select>
          </Field>
        )}
        <Field id="account-label" label={text('account.label')}>
          <input
            id="account-label"
            required
            maxLength={100}
            autocomplete="off"
            value={label}
            onInput={({ currentTarget: { value } }) => setLabel(value)}
          />
        </Field>
        <p class="aside" id="account-key-about">
          {text(`account.keyAbout.${exchange}`)}
          {!isNew && ` ${text('account.keyStays')}`}
        </p>
        <KeyFields value={key} isOptional={!isNew} onChange={setKey} />
        {mayTrade !== null && (
          <label class="check">
            <input
              type="checkbox"
              id="account-may-trade"
              checked={mayTrade}
              onChange={({ currentTarget: { checked } }) => setMayTrade(checked)}
            />
            {text('account.allowTrading')}
          </label>
        )}
        <Message id="account-message">{message}</Message>
        <p class="actions">
          <button type="button" name="cancel" onClick={onClose}>
            {text('cancel')}
          </button>
          <button type="submit" class="primary" disabled={isBusy}>
            {text(isBusy ? 'account.trying' : isNew ? 'account.connectNow' : 'save')}
          </button>
        </p>
      </form>
    </Modal>
  );
}
