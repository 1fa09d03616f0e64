import type { components } from 'marktide/client';
import { text } from '../text/text.ts';

export type Access = 'read' | 'write';

interface Props {
  share: components['schemas']['Share'];
  isBusy: boolean;
  onAccess: (access: Access) => void;
  onEnd: () => void;
}

/** A person the portfolio is shared with, or who is invited. */
export function ShareRow({ share, isBusy, onAccess, onEnd }: Props) {
  const { email, name, access, acceptedAt } = share;
  const isInvited = acceptedAt === null;
  return (
    <li class="heading" data-user={share.userId}>
      <span>
        {name ?? email}
        <span class="aside line">
          {[...(name === null ? [] : [email]), ...(isInvited ? [text('share.invited')] : [])].join(' · ')}
        </span>
      </span>
      <span class="actions">
        <select
          aria-label={text('share.accessOf', { name: name ?? email })}
          value={access}
          disabled={isBusy}
          onChange={({ currentTarget: { value } }) => onAccess(value === 'write' ? 'write' : 'read')}
        >
          <option value="read">{text('share.read')}</option>
          <option value="write">{text('share.write')}</option>
        </select>
        <button
          type="button"
          name="end-share"
          disabled={isBusy}
          aria-label={text('share.endOf', { name: name ?? email })}
          onClick={onEnd}
        >
          {text('share.end')}
        </button>
      </span>
    </li>
  );
}
