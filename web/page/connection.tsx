import { useSignalEffect } from '@preact/signals';
import type { ConnectionState, Connection } from '../live/connection.ts';
import type { Silence } from '../live/messages.ts';
import { text } from '../text/text.ts';

/**
 * While live the time would only flicker; when signed out there is nothing to report; when silent, the text
 * states it.
 */
const WITHOUT_TIME: readonly ConnectionState[] = ['live', 'silent', 'signed-out'];

/** `ccxt:upbit` → `Upbit`. */
function nameOf({ feed }: Silence): string {
  const name = feed.slice(feed.indexOf(':') + 1);
  return name.slice(0, 1).toUpperCase() + name.slice(1);
}

function silenceText(silent: readonly Silence[], face: Connection['face']['value']): string {
  const since = silent.map((each) => each.since).sort()[0] ?? '';
  return text('state.silent', { feeds: silent.map(nameOf).join(', '), time: face.minuteOfDay(since) });
}

/** The state of the stream, and whether the figures on the page are current. */
export function ConnectionView({ connection }: { connection: Connection }) {
  const state = connection.state.value;
  useSignalEffect(() => {
    document.documentElement.classList.toggle('not-current', connection.state.value !== 'live');
  });
  // Read without subscribing: an event is no reason to render.
  const { value: face } = connection.face;
  const heardAt = WITHOUT_TIME.includes(state) ? null : connection.heardAt;
  return (
    <p class="connection" id="connection" data-state={state}>
      <span class="dot" aria-hidden="true" />
      <span id="connection-state" role="status">
        {state === 'silent' ? silenceText(connection.silent.value, face) : text(`state.${state}`)}
      </span>
      {heardAt !== null && (
        <span id="connection-update" class="aside">
          {text('lastUpdate', { time: face.time(heardAt) })}
        </span>
      )}
    </p>
  );
}
