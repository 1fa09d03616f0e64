import { useState } from 'preact/hooks';
import type { Portfolio } from '../api.ts';
import { Field, hintOf } from '../page/field.tsx';
import { Message } from '../page/message.tsx';
import { useSubmit } from '../page/use-submit.ts';
import { text } from '../text/text.ts';
import type { Dashboard } from './dashboard.ts';

interface Props {
  dashboard: Dashboard;
  portfolio: Portfolio;
  onDone: () => void;
}

/** Deletes a portfolio once its name has been typed. */
export function DeletePortfolio({ dashboard, portfolio, onDone }: Props) {
  const [typed, setTyped] = useState('');
  const { isBusy, message, submit } = useSubmit(async () => {
    await dashboard.client.api.deletePortfolio({ path: { portfolioId: portfolio.id } });
    onDone();
    dashboard.portfolios.drop(portfolio.id);
  });
  return (
    <form class="fields" id="delete-form" onSubmit={submit}>
      <p class="aside">{text('deletePortfolioAbout')}</p>
      <Field
        id="delete-name"
        label={text('portfolioName')}
        hint={text('deletePortfolioHint', { name: portfolio.name })}
      >
        <input
          id="delete-name"
          autocomplete="off"
          aria-describedby={hintOf('delete-name')}
          value={typed}
          onInput={({ currentTarget: { value } }) => setTyped(value)}
        />
      </Field>
      <Message id="delete-message">{message}</Message>
      <p class="actions">
        <button type="submit" class="danger" disabled={isBusy || typed.trim() !== portfolio.name}>
          {text('deletePortfolio')}
        </button>
      </p>
    </form>
  );
}
