import { useState } from 'preact/hooks';
import type { ExchangeAccount, Portfolio } from '../api.ts';
import { Message } from '../page/message.tsx';
import { useSubmit } from '../page/use-submit.ts';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { failureText } from '../text/failure-text.ts';
import { text } from '../text/text.ts';
import { AccountActions } from './account-actions.tsx';
import { agreementInWords, keyInWords, phaseInWords } from './account-words.ts';
import { Balances } from './balances.tsx';
import { Discrepancies } from './discrepancies.tsx';
import { EXCHANGES } from './exchanges.ts';

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  account: ExchangeAccount;
  /** Called when the accounts have changed. */
  onChange: () => void;
}

/** An account: its state, whether it agrees with the exchange, and the owner's actions. */
export function AccountItem({ dashboard, portfolio, account, onChange }: Props) {
  const { client, dialog, connection } = dashboard;
  const face = connection.face.value;
  const { id: accountId, label, exchange, paused, phase, failure, reconciled, lastSuccessAt } = account;
  const path = { portfolioId: portfolio.id, accountId };
  const [isOpen, setOpen] = useState<boolean | null>(null);
  const { isBusy, message, run } = useSubmit(async () => undefined);
  const then = (task: () => Promise<unknown>): void =>
    run(async () => {
      await task();
      onChange();
    });
  const aboutKey = keyInWords(account, face);
  // Open by default if something differs.
  const isShown = isOpen ?? reconciled === false;
  const isReading = !paused && phase === 'reading';
  return (
    <li class="exchange-account" data-account={accountId} data-phase={paused ? 'paused' : phase}>
      <div class="heading">
        <h3>
          {label} {label !== EXCHANGES[exchange] && <span class="aside">{EXCHANGES[exchange]}</span>}
        </h3>
        <span class="phase" role="status">
          <span class="dot" aria-hidden="true" />
          {phaseInWords(account, face)}
        </span>
        {lastSuccessAt !== null && (
          <span class="aside">{text('account.lastSuccess', { time: face.time(lastSuccessAt) })}</span>
        )}
        {portfolio.access === 'owner' && (
          <AccountActions
            account={account}
            isBusy={isBusy}
            look={() => then(() => client.api.syncAccount({ path }))}
            pause={(isPaused) => then(() => client.api.updateAccount({ path, body: { paused: isPaused } }))}
            edit={() => (dialog.value = { type: 'account', account })}
            disconnect={() => then(() => client.api.deleteAccount({ path }))}
          />
        )}
      </div>
      {isReading && <progress aria-label={phaseInWords(account, face)} />}
      <Message id={`account-message-${accountId}`}>{message}</Message>
      {failure !== null && <p class="message failure">{failureText(failure.code)}</p>}
      {aboutKey !== '' && <p class="note key-note">{aboutKey}</p>}
      <Discrepancies dashboard={dashboard} portfolio={portfolio} account={account} />
      <details open={isShown} onToggle={({ currentTarget: { open } }) => open !== isShown && setOpen(open)}>
        <summary data-reconciled={String(reconciled)}>{agreementInWords(account, face)}</summary>
        {isShown && <Balances dashboard={dashboard} portfolioId={portfolio.id} account={account} />}
      </details>
    </li>
  );
}
