import type { ExchangeAccount } from '../api.ts';
import type { ClockFace } from '../figures/clock-face.ts';
import { figureOf } from '../figures/figure.tsx';
import { exact, signedExact } from '../figures/number.ts';
import { useQuery } from '../live/use-query.ts';
import { Message } from '../page/message.tsx';
import type { Dashboard } from '../portfolio/dashboard.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import type { components } from 'marktide/client';

type Balance = components['schemas']['ReconciledBalance'];

interface Props {
  dashboard: Dashboard;
  portfolioId: string;
  account: ExchangeAccount;
}

function sinceWords({ status, agreedAt, differsSince, checkedAt }: Balance, face: ClockFace): string {
  if (status === 'agreed') return face.time(checkedAt);
  if (agreedAt !== null) return text('balance.lastAgreed', { time: face.time(agreedAt) });
  return differsSince === null ? '' : text('balance.since', { time: face.time(differsSince) });
}

function Row({ balance, face }: { balance: Balance; face: ClockFace }) {
  const { asset, status, difference } = balance;
  return (
    <tr role="row" data-asset={asset} data-status={status}>
      <th role="rowheader" scope="row">
        {asset}
      </th>
      <td role="cell" class="words">
        <span class={`badge ${status}`}>{text(`balance.${status}`)}</span>
      </td>
      <td
        role="cell"
        data-label={text('balance.exchange')}
        {...figureOf({ value: balance.exchange, format: exact })}
      />
      <td
        role="cell"
        data-label={text('balance.ledger')}
        {...figureOf({ value: balance.ledger, format: exact })}
      />
      <td
        role="cell"
        data-label={text('balance.difference')}
        {...figureOf({ value: difference, format: signedExact })}
      />
      <td role="cell" class="words plain" data-label={text('balance.compared')}>
        {sinceWords(balance, face)}
      </td>
    </tr>
  );
}

/** Every balance of an account beside the ledger's; those that differ come first. */
export function Balances({ dashboard, portfolioId, account }: Props) {
  const { client, changes, connection } = dashboard;
  const { id: accountId, reconciledAt, reconciled } = account;
  const query = useQuery({
    load: (signal) => client.api.getReconciliation({ path: { portfolioId, accountId } }, { signal }),
    of: [accountId, reconciledAt, reconciled],
    changes,
  });
  const balances = query.answer.value?.balances ?? [];
  const ordered = balances.toSorted(
    (a, b) => Number(a.status === 'agreed') - Number(b.status === 'agreed') || a.asset.localeCompare(b.asset),
  );
  return (
    <>
      <Message id={`balances-note-${accountId}`} class="note">
        {staleText(query.error.value)}
      </Message>
      <div class="scroll tall" role="region" aria-label={text('balances')} tabIndex={0}>
        <table role="table" class="figures cards balances">
          <thead role="rowgroup">
            <tr role="row">
              <th role="columnheader" scope="col">
                {text('asset')}
              </th>
              <th role="columnheader" scope="col" class="words">
                {text('balance.status')}
              </th>
              <th role="columnheader" scope="col">
                {text('balance.exchange')}
              </th>
              <th role="columnheader" scope="col">
                {text('balance.ledger')}
              </th>
              <th role="columnheader" scope="col">
                {text('balance.difference')}
              </th>
              <th role="columnheader" scope="col" class="words">
                {text('balance.compared')}
              </th>
            </tr>
          </thead>
          <tbody role="rowgroup">
            {ordered.map((balance) => (
              <Row key={balance.asset} balance={balance} face={connection.face.value} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
