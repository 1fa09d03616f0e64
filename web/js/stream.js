import { Backoff } from './backoff.js';
import { SignedOutError } from './session.js';
import { Silence } from './silence.js';

const DATA_EVENTS = ['ticker', 'pnl', 'holdings', 'fill'];

/**
 * The page's one EventSource, kept alive. The browser resumes after a cut by itself; where it gives up (CLOSED: an
 * error status, such as 401), `renew` gets a new token and another EventSource goes on after the last seen id.
 *
 * States: `connecting`, `live`, `resuming`, `reset` (starting over, not in step yet), `stale` (open, but nothing comes
 * or the server says that it is held up). Only in `live` are the figures current.
 * `on` has `state(name)`, `heard(at)`, `notice(body)`, `ready()` and one function per event, given its parsed data.
 */
export class Stream {
  #channels;
  #renew;
  #on;
  #source = null;
  #lastId = '';
  #state = '';
  #wasLive = false;
  #wasReset = false;
  #isSilent = false;
  /** Channels that are not in step yet: all of them on a new connection, some after a reset. */
  #pending = new Set();
  /** Channels whose log the server cannot reach. */
  #delayed = new Set();
  #silence;
  #backoff = new Backoff();
  #timer = null;
  #closed = false;

  constructor({ channels, renew, on, silence = {} }) {
    this.#channels = channels;
    this.#renew = renew;
    this.#on = on;
    this.#silence = new Silence({
      ...silence,
      onSilent: () => this.#silent(),
      onTooLong: () => this.#tooLong(),
    });
    window.addEventListener('online', this.#hurry);
    this.#open();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    window.removeEventListener('online', this.#hurry);
    this.#silence.close();
    this.#source?.close();
  }

  #open() {
    // Of states only the newest matters here, however long the gap was; fills come one and all.
    const query = new URLSearchParams({ channels: this.#channels.join(','), replay: 'latest' });
    if (this.#lastId !== '') query.set('lastEventId', this.#lastId);
    const source = new EventSource(`/v1/streams?${query}`);
    this.#source = source;
    this.#cut();
    this.#listen(source, 'ready', (body) => this.#ready(body));
    this.#listen(source, 'reset', (body) => this.#reset(body));
    this.#listen(source, 'notice', (body) => this.#notice(body));
    for (const kind of DATA_EVENTS) this.#listen(source, kind, (body) => this.#on[kind]?.(body));
    // Nothing but a sign of life, where a server sends heartbeats that can be seen (comments cannot).
    this.#listen(source, 'heartbeat', () => {});
    source.addEventListener('error', () => this.#error(source));
  }

  #listen(source, name, handle) {
    source.addEventListener(name, (event) => {
      if (this.#closed || source !== this.#source) return;
      if (event.lastEventId !== '') this.#lastId = event.lastEventId;
      this.#isSilent = false;
      this.#silence.heard();
      this.#on.heard?.(Date.now());
      const body = parse(event.data);
      if (body !== null) handle(body);
      this.#settle();
    });
  }

  #ready({ channels }) {
    for (const name of channels ?? this.#channels) {
      this.#pending.delete(name);
      this.#delayed.delete(name);
    }
    if (this.#pending.size > 0) return;
    this.#wasLive = true;
    this.#wasReset = false;
    this.#backoff.reset();
    this.#on.ready?.();
  }

  #reset({ channels }) {
    for (const name of channels ?? this.#channels) this.#pending.add(name);
    this.#wasReset = true;
  }

  #notice(body) {
    for (const name of body.channels ?? []) {
      if (body.code === 'delayed') this.#delayed.add(name);
      if (body.code === 'restored') this.#delayed.delete(name);
    }
    this.#on.notice?.(body);
  }

  #silent() {
    this.#isSilent = true;
    this.#settle();
  }

  #tooLong() {
    // While waiting to reopen there is nothing that could be heard.
    if (this.#source !== null) this.#reopenLater();
  }

  #error(source) {
    if (this.#closed || source !== this.#source) return;
    if (source.readyState === EventSource.CLOSED) this.#reopenLater();
    else this.#cut();
  }

  /** Nothing is in step any more. */
  #cut() {
    this.#pending = new Set(this.#channels);
    this.#delayed.clear();
    this.#wasReset = false;
    this.#isSilent = false;
    this.#silence.restart();
    this.#settle();
  }

  #reopenLater(least = 0) {
    this.#source?.close();
    this.#source = null;
    this.#cut();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#reopen(), this.#backoff.next(least));
  }

  async #reopen() {
    this.#timer = null;
    try {
      await this.#renew();
      if (!this.#closed) this.#open();
    } catch (error) {
      if (this.#closed || error instanceof SignedOutError) return;
      this.#reopenLater(error.retryAfterMs);
    }
  }

  /** The network is back: no need to wait out a long back-off. */
  #hurry = () => {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    void this.#reopen();
  };

  #settle() {
    const state = this.#judge();
    if (this.#closed || state === this.#state) return;
    this.#state = state;
    this.#on.state?.(state);
  }

  #judge() {
    if (this.#pending.size > 0 && this.#wasReset) return 'reset';
    if (this.#pending.size > 0) return this.#wasLive ? 'resuming' : 'connecting';
    return this.#isSilent || this.#delayed.size > 0 ? 'stale' : 'live';
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
