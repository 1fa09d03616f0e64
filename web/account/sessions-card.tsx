import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { localClockFace } from '../figures/clock-face.ts';
import { useQuery } from '../live/use-query.ts';
import { Message } from '../page/message.tsx';
import { useSubmit } from '../page/use-submit.ts';
import { staleText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';
import { deviceOf } from './device.ts';
import type { Session } from './session.ts';

/** The user's sessions, with a button to end each. */
export function SessionsCard({ session }: { session: Session }) {
  const { api } = session.client;
  const changes = useMemo(() => signal(0), []);
  const face = useMemo(localClockFace, []);
  const query = useQuery({
    load: (life) => api.listSessions({}, { signal: life }),
    of: [api],
    changes,
  });
  const { isBusy, message, run } = useSubmit(async () => undefined);
  const end = (sessionId: string): void =>
    run(async () => {
      await api.endSession({ path: { sessionId } });
      changes.value += 1;
    });
  const sessions = query.answer.value?.items ?? [];
  return (
    <section class="card" id="sessions" aria-labelledby="sessions-title">
      <div class="heading">
        <h2 id="sessions-title">{text('sessions')}</h2>
        <span class="actions">
          <button
            type="button"
            name="everywhere"
            disabled={isBusy}
            onClick={() => run(() => session.signOutEverywhere())}
          >
            {text('signOutEverywhere')}
          </button>
        </span>
      </div>
      <Message id="sessions-note" class="note">
        {message || staleText(query.error.value)}
      </Message>
      <ul class="plain-list" id="session-list">
        {sessions.map(({ id, userAgent, isCurrent, createdAt, lastUsedAt }) => {
          const device = deviceOf(userAgent) || text('session.unknown');
          return (
            <li key={id} class="heading" data-session={id}>
              <span title={userAgent}>
                {device} {isCurrent && <span class="badge agreed">{text('session.current')}</span>}
                <span class="aside line">
                  {text('session.times', { begun: face.minute(createdAt), used: face.minute(lastUsedAt) })}
                </span>
              </span>
              {!isCurrent && (
                <button
                  type="button"
                  name="end-session"
                  disabled={isBusy}
                  aria-label={text('session.endThis', { device })}
                  onClick={() => end(id)}
                >
                  {text('session.end')}
                </button>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
