import type { components } from 'marktide/client';
import { useState } from 'preact/hooks';
import type { ClockFace } from '../figures/clock-face.ts';
import { RowName, WordsCell } from '../table/cell.tsx';
import { text } from '../text/text.ts';

const ROLES = ['viewer', 'trader', 'admin'] as const;
type Account = components['schemas']['Account'];

interface Props {
  account: Account;
  face: ClockFace;
  isBusy: boolean;
  /** Administrators cannot remove their own rights by mistake. */
  isSelf: boolean;
  onChange: (body: { role?: Account['role']; disabled?: boolean }) => void;
  onDelete: () => void;
}

function Removal({ email, isBusy, onDelete, onKeep }: RemovalProps) {
  return (
    <>
      <span role="alert">{text('admin.deleteSure', { email })}</span>{' '}
      <button type="button" name="remove-sure" class="danger" disabled={isBusy} onClick={onDelete}>
        {text('remove')}
      </button>{' '}
      <button type="button" name="keep" onClick={onKeep}>
        {text('keep')}
      </button>
    </>
  );
}

interface RemovalProps extends Pick<Props, 'isBusy' | 'onDelete'> {
  email: string;
  onKeep: () => void;
}

export function UserRow({ account, face, isBusy, isSelf, onChange, onDelete }: Props) {
  const [isAsking, setAsking] = useState(false);
  const { email, name, role, disabled, createdAt } = account;
  return (
    <tr role="row" data-user={account.id}>
      <RowName>
        {email} {disabled && <span class="badge">{text('admin.disabled')}</span>}
      </RowName>
      <WordsCell label={text('userName')}>{name ?? ''}</WordsCell>
      <WordsCell label={text('admin.role')}>
        {isSelf ? (
          text(`role.${role}`)
        ) : (
          <select
            aria-label={text('admin.roleOf', { email })}
            disabled={isBusy}
            value={role}
            onChange={({ currentTarget: { value } }) => {
              const chosen = ROLES.find((each) => each === value);
              if (chosen !== undefined) onChange({ role: chosen });
            }}
          >
            {ROLES.map((each) => (
              <option key={each} value={each}>
                {text(`role.${each}`)}
              </option>
            ))}
          </select>
        )}
      </WordsCell>
      <WordsCell label={text('admin.created')}>{face.minute(createdAt)}</WordsCell>
      <td role="cell" class="words row-actions">
        {!isSelf &&
          (isAsking ? (
            <Removal email={email} isBusy={isBusy} onDelete={onDelete} onKeep={() => setAsking(false)} />
          ) : (
            <>
              <button
                type="button"
                name="bar"
                disabled={isBusy}
                aria-label={text(disabled ? 'admin.enableUser' : 'admin.disableUser', { email })}
                onClick={() => onChange({ disabled: !disabled })}
              >
                {text(disabled ? 'admin.enable' : 'admin.disable')}
              </button>{' '}
              <button
                type="button"
                name="remove"
                aria-label={text('admin.deleteUser', { email })}
                onClick={() => setAsking(true)}
              >
                {text('remove')}
              </button>
            </>
          ))}
      </td>
    </tr>
  );
}
