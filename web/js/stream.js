import { Backoff } from './backoff.js';
import { SignedOutError } from './session.js';
import { Silence } from './silence.js';

const DATA_EVENTS = ['ticker', 'pnl', 'holdings', 'fill', 'import'];

/**
 * The one EventSource, kept alive. The browser resumes after a cut by itself; where it gives up (CLOSED: an error
 * status, such as 401), `check` looks at what is wrong, and another EventSource goes on after the last seen id. Where
 * that does not help, `refusal` finds out the status; what time does not mend is told, and not tried again.
 *
 * `check()` renews the session and gives the channels that can still be had. `refusal(path)` is why a stream is refused. `isCurrent()` asks over REST whether what
 * was heard last still holds: in a quiet market nothing comes for a long time.
 * `on` has `condition(condition, lastId)`, `event(kind, body, lastId)`, `reset(channels)` and `notice(body)`. The condition: `channels`, those of them that are `pending` (not in step) or `delayed` (the server cannot reach their log),
 * `isReset` (starting over), `refused` (why there will be no stream, or nothing) and `isSilent` (nothing comes, and it is not known whether there was anything to come).
 */
export class Stream {
  #channels;
  #check;
  #refusal;
  #isCurrent;
  #on;
  #source = null;
  #lastId;
  #pending = new Set();
  #delayed = new Set();
  /** Channels whose log the last id may say nothing of. */
  #added = new Set();
  #isReset = false;
  #isSilent = false;
  #refused = '';
  /** Times that the browser gave up in a row. */
  #givenUp = 0;
  #told = '';
  #silence;
  #backoff = new Backoff();
  #timer = null;
  #closed = false;

  constructor({ channels, lastId = '', check, refusal, isCurrent, on, silence = {} }) {
    this.#channels = channels;
    this.#lastId = lastId;
    this.#check = check;
    this.#refusal = refusal;
    this.#isCurrent = isCurrent;
    this.#on = on;
    this.#silence = new Silence({
      ...silence,
      onSilent: () => void this.#silent(),
      onTooLong: () => this.#tooLong(),
    });
    window.addEventListener('online', this.hurry);
    this.#open();
    this.#cut();
  }

  get channels() {
    return this.#channels;
  }

  /** From now on these channels: goes on after the last id, so that nothing is missed of those there were before. */
  change(channels) {
    const added = channels.filter((name) => !this.#channels.includes(name));
    this.#channels = channels;
    this.#pending = new Set([...this.#pending].filter((name) => channels.includes(name)));
    for (const name of added) {
      this.#pending.add(name);
      this.#added.add(name);
    }
    if (this.#source !== null || this.#refused !== '') {
      this.#source?.close();
      this.#refused = '';
      this.#open();
    }
    this.#tell();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    window.removeEventListener('online', this.hurry);
    this.#silence.close();
    this.#source?.close();
  }

  /** The network is back, say: no need to wait out a long back-off. */
  hurry = () => {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    void this.#reopen();
  };

  #open() {
    const source = new EventSource(this.#path());
    this.#source = source;
    this.#listen(source, 'ready', (body) => this.#ready(body));
    this.#listen(source, 'reset', (body) => this.#reset(body));
    this.#listen(source, 'notice', (body) => this.#notice(body));
    for (const kind of DATA_EVENTS) {
      this.#listen(source, kind, (body) => this.#on.event(kind, body, this.#lastId));
    }
    source.addEventListener('error', () => this.#error(source));
  }

  #path() {
    // Of states only the newest matters here, however long the gap was; fills come one and all.
    const query = new URLSearchParams({ channels: this.#channels.join(','), replay: 'latest' });
    if (this.#lastId !== '') query.set('lastEventId', this.#lastId);
    return `/v1/streams?${query}`;
  }

  #listen(source, name, handle) {
    source.addEventListener(name, (event) => {
      if (this.#closed || source !== this.#source) return;
      if (event.lastEventId !== '') this.#lastId = event.lastEventId;
      this.#isSilent = false;
      this.#givenUp = 0;
      this.#silence.heard();
      const body = parse(event.data);
      if (body !== null) handle(body);
      this.#tell();
    });
  }

  #ready({ channels }) {
    for (const name of channels ?? this.#channels) {
      this.#pending.delete(name);
      this.#delayed.delete(name);
      this.#added.delete(name);
    }
    if (this.#pending.size > 0) return;
    this.#isReset = false;
    this.#backoff.reset();
  }

  #reset({ channels = this.#channels }) {
    for (const name of channels) this.#pending.add(name);
    // Of channels that were just added nothing was missed.
    if (channels.some((name) => !this.#added.has(name))) this.#isReset = true;
    this.#on.reset(channels);
  }

  #notice(body) {
    for (const name of body.channels ?? []) {
      if (body.code === 'delayed') this.#delayed.add(name);
      if (body.code === 'restored') this.#delayed.delete(name);
    }
    this.#on.notice(body);
  }

  async #silent() {
    const source = this.#source;
    if (this.#pending.size > 0 || this.#closed) return;
    const current = await this.#isCurrent().catch(() => false);
    if (this.#closed || source !== this.#source || source === null) return;
    if (current) this.#silence.heard();
    else this.#isSilent = true;
    this.#tell();
  }

  #tooLong() {
    // While waiting to reopen there is nothing that could be heard.
    if (this.#source !== null) this.#reopenLater();
  }

  #error(source) {
    if (this.#closed || source !== this.#source) return;
    if (source.readyState === EventSource.CLOSED) {
      this.#givenUp += 1;
      this.#reopenLater();
    } else this.#cut();
  }

  /** Nothing is in step any more. */
  #cut() {
    this.#pending = new Set(this.#channels);
    this.#delayed.clear();
    this.#isReset = false;
    this.#isSilent = false;
    this.#silence.restart();
    this.#tell();
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
      const channels = await this.#check();
      if (this.#closed) return;
      this.#channels = channels;
      if (await this.#isRefused()) return;
      this.#open();
      this.#cut();
    } catch (error) {
      if (this.#closed || error instanceof SignedOutError) return;
      this.#reopenLater(error.retryAfterMs);
    }
  }

  /** @throws RequestError for what may pass */
  async #isRefused() {
    // The first time `check` may have mended it.
    if (this.#givenUp < 2) return false;
    const refusal = await this.#refusal(this.#path());
    if (this.#closed) return true;
    if (refusal === null) return false;
    if (!refusal.isFinal) throw refusal;
    this.#refused = refusal.message;
    this.#tell();
    return true;
  }

  #tell() {
    const condition = {
      channels: this.#channels,
      pending: [...this.#pending],
      delayed: [...this.#delayed],
      isReset: this.#isReset,
      isSilent: this.#isSilent,
      refused: this.#refused,
    };
    const told = JSON.stringify(condition);
    if (this.#closed || told === this.#told) return;
    this.#told = told;
    this.#on.condition(condition, this.#lastId);
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
