import type { components } from 'marktide/client';
import { useState } from 'preact/hooks';
import type { ClockFace } from '../figures/clock-face.ts';
import { text } from '../text/text.ts';

interface Props {
  apiKey: components['schemas']['ApiKey'];
  face: ClockFace;
  isBusy: boolean;
  onRevoke: () => void;
}

export function ApiKeyRow({ apiKey, face, isBusy, onRevoke }: Props) {
  const [isAsking, setAsking] = useState(false);
  const { id, name, prefix, scopes, lastUsedAt, expiresAt } = apiKey;
  const scopeNames = scopes.map((scope) => (scope === 'account' ? scope : text(`scope.${scope}`)));
  const used =
    lastUsedAt === null ? text('apiKey.unused') : text('apiKey.used', { time: face.minute(lastUsedAt) });
  return (
    <li class="heading" data-key={id}>
      <span>
        <strong>{name}</strong> <code>{prefix}…</code>
        <span class="aside line">
          {[
            scopeNames.join(', '),
            used,
            ...(expiresAt === null ? [] : [text('apiKey.expires', { time: face.minute(expiresAt) })]),
          ].join(' · ')}
        </span>
      </span>
      <span class="actions">
        {isAsking ? (
          <>
            <span role="alert">{text('apiKey.revokeSure')}</span>
            <button type="button" name="revoke-sure" disabled={isBusy} onClick={onRevoke}>
              {text('apiKey.revoke')}
            </button>
            <button type="button" name="keep" onClick={() => setAsking(false)}>
              {text('keep')}
            </button>
          </>
        ) : (
          <button
            type="button"
            name="revoke"
            aria-label={text('apiKey.revokeThis', { name })}
            onClick={() => setAsking(true)}
          >
            {text('apiKey.revoke')}
          </button>
        )}
      </span>
    </li>
  );
}
