import { byId, setText } from '../element.js';
import { text } from '../text.js';

/** The state of the stream, and whether the figures on the page may be called current. */
export class ConnectionView {
  #box = byId('connection');
  #state = byId('connection-state');
  #update = byId('connection-update');
  #heardAt = null;
  #face;

  constructor(face) {
    this.#face = face;
  }

  /** How to read times from now on. */
  useClockFace(face) {
    this.#face = face;
    this.#showUpdate();
  }

  show(state) {
    this.#box.dataset.state = state;
    document.documentElement.classList.toggle('not-current', state !== 'live');
    setText(this.#state, text(`state.${state}`));
    this.#showUpdate();
  }

  /** When the last event came in, epoch milliseconds; `null`: none yet. Not announced: it would never be silent. */
  heard(at) {
    this.#heardAt = at;
  }

  #showUpdate() {
    const { state } = this.#box.dataset;
    // While live it would only flicker; signed out there is nothing it could be about.
    this.#update.hidden = state === 'live' || state === 'signed-out' || this.#heardAt === null;
    if (this.#heardAt === null) return;
    setText(this.#update, text('lastUpdate', { time: this.#face.time(this.#heardAt) }));
  }
}
