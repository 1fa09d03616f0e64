import { channelsOf } from './channels.js';
import { Stream } from './stream.js';

/** A cursor has room for eight logs: the market and so many portfolios. */
const MOST_PORTFOLIOS = 7;

/**
 * The leading tab's part: one EventSource for what all tabs want to see. What comes is told to all of them, `take` being
 * how this tab is told.
 */
export class Lead {
  #term;
  #tabs;
  #wants;
  #states;
  #checks;
  #take;
  #stream;
  #condition = null;
  #lastId;
  #life = new AbortController();
  #watched = new Set();

  constructor({ term, tabs, wants, states, lastId, checks, take }) {
    this.#term = term;
    this.#tabs = tabs;
    this.#wants = wants;
    this.#states = states;
    this.#checks = checks;
    this.#take = take;
    this.#lastId = lastId;
    for (const tab of wants.keys()) this.#watch(tab);
    this.#stream = new Stream({
      channels: this.#needed(),
      lastId,
      check: () => this.#check(),
      refusal: (path) => checks.refusal(path),
      isCurrent: () => checks.isCurrent(states, this.#served()),
      on: {
        condition: (condition, id) => {
          this.#condition = condition;
          this.#lastId = id;
          this.tellStatus();
        },
        event: (kind, body, id) => {
          this.#lastId = id;
          this.#tell({ type: 'event', kind, body });
        },
        reset: (channels) => this.#tell({ type: 'reset', channels }),
        notice: (body) => this.#tell({ type: 'notice', body }),
      },
    });
  }

  close() {
    this.#life.abort();
    this.#stream.close();
  }

  /** A tab has come, or shows another portfolio now. */
  wanted({ tab, portfolioId }) {
    this.#watch(tab);
    this.#adjust();
    const states = this.#states.of(portfolioId);
    if (tab !== this.#tabs.id) this.#post({ type: 'snapshot', to: tab, portfolioId, states });
    this.tellStatus();
  }

  tellStatus() {
    if (this.#condition === null || this.#life.signal.aborted) return;
    this.#tell({
      type: 'status',
      condition: this.#condition,
      wants: this.#wants,
      crowded: this.#wanted().slice(MOST_PORTFOLIOS),
      hidden: document.hidden,
    });
  }

  /** What nobody needs any more goes along until something must be added: that costs less than to reconnect. */
  #adjust() {
    const needed = this.#needed();
    if (needed.every((name) => this.#stream.channels.includes(name))) return;
    this.#states.keep(needed);
    this.#stream.change(needed);
  }

  /** Different portfolios, in the order in which they were asked for. */
  #wanted() {
    return [...new Set(this.#wants.values())].filter((portfolioId) => portfolioId !== null);
  }

  #served() {
    return this.#wanted().slice(0, MOST_PORTFOLIOS);
  }

  #needed() {
    return [...new Set([...channelsOf(null), ...this.#served().flatMap(channelsOf)])];
  }

  async #check() {
    const lost = await this.#checks.lost(this.#served());
    for (const [tab, portfolioId] of this.#wants) if (lost.includes(portfolioId)) this.#wants.set(tab, null);
    if (lost.length > 0) this.#tell({ type: 'lost', portfolioIds: lost });
    return this.#needed();
  }

  #watch(tab) {
    if (tab === this.#tabs.id || this.#watched.has(tab)) return;
    this.#watched.add(tab);
    this.#tabs.whenGone(tab, this.#life.signal, () => {
      this.#watched.delete(tab);
      this.#wants.delete(tab);
      this.#adjust();
      this.tellStatus();
    });
  }

  #tell(message) {
    if (this.#life.signal.aborted) return;
    this.#post(message);
    this.#take({ ...message, term: this.#term, lastId: this.#lastId });
  }

  /** Every message says how far the stream was: whoever leads next goes on from there. */
  #post(message) {
    if (this.#wants.size > 1) this.#tabs.post({ ...message, term: this.#term, lastId: this.#lastId });
  }
}
