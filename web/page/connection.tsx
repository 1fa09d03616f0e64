import { useSignalEffect } from '@preact/signals';
import type { ConnectionState, Connection } from '../live/connection.ts';
import { text } from '../text/text.ts';

/** While live it would only flicker; signed out there is nothing it could be about. */
const WITHOUT_TIME: readonly ConnectionState[] = ['live', 'signed-out'];

/** The state of the stream, and whether the figures on the page may be called current. */
export function ConnectionView({ connection }: { connection: Connection }) {
  const state = connection.state.value;
  useSignalEffect(() => {
    document.documentElement.classList.toggle('not-current', connection.state.value !== 'live');
  });
  // Read without following it: an event is not a reason to draw.
  const heardAt = WITHOUT_TIME.includes(state) ? null : connection.heardAt;
  return (
    <p class="connection" id="connection" data-state={state}>
      <span class="dot" aria-hidden="true" />
      <span id="connection-state" role="status">
        {text(`state.${state}`)}
      </span>
      {heardAt !== null && (
        <span id="connection-update" class="aside">
          {text('lastUpdate', { time: connection.face.value.time(heardAt) })}
        </span>
      )}
    </p>
  );
}
