import { useState } from 'preact/hooks';
import type { ExchangeAccount } from '../api.ts';
import { text } from '../text/text.ts';

export interface AccountDeeds {
  look: () => void;
  pause: (paused: boolean) => void;
  edit: () => void;
  disconnect: () => void;
}

interface Props extends AccountDeeds {
  account: ExchangeAccount;
  isBusy: boolean;
}

/** What the owner can do with an account. */
export function AccountActions({ account, isBusy, look, pause, edit, disconnect }: Props) {
  const [isAsking, setAsking] = useState(false);
  const { paused, label } = account;
  if (isAsking) {
    return (
      <span class="actions">
        <span role="alert">{text('account.disconnectSure')}</span>
        <button type="button" name="disconnect-sure" disabled={isBusy} onClick={disconnect}>
          {text('account.disconnect')}
        </button>
        <button type="button" name="keep" onClick={() => setAsking(false)}>
          {text('keep')}
        </button>
      </span>
    );
  }
  return (
    <span class="actions" role="group" aria-label={text('account.actions', { label })}>
      <button type="button" name="look" disabled={isBusy || paused} onClick={look}>
        {text('account.look')}
      </button>
      <button
        type="button"
        name={paused ? 'resume' : 'pause'}
        disabled={isBusy}
        onClick={() => pause(!paused)}
      >
        {text(paused ? 'account.resume' : 'account.pause')}
      </button>
      <button type="button" name="edit" onClick={edit}>
        {text('account.edit')}
      </button>
      <button type="button" name="disconnect" onClick={() => setAsking(true)}>
        {text('account.disconnect')}
      </button>
    </span>
  );
}
