import { setMessage } from '../element.js';
import { Source } from '../source.js';
import { text } from '../text.js';

/**
 * What a panel asks for over REST while a portfolio is shown: at once, whenever something says that it may have changed,
 * and again after a while. `load(portfolio, signal)` fetches, `show(body)` takes the answer; `everyMs()` is the while.
 */
export class Polled {
  #section;
  #note;
  #load;
  #show;
  #everyMs;
  #source = null;
  #timer = null;
  /** The one that is shown; `null`: none. */
  portfolio = null;

  constructor({ section, note, load, show, everyMs }) {
    this.#section = section;
    this.#note = note;
    this.#load = load;
    this.#show = show;
    this.#everyMs = everyMs;
  }

  open(portfolio) {
    this.portfolio = portfolio;
    this.restart();
  }

  close() {
    this.#stop();
    this.portfolio = null;
    setMessage(this.#note, '');
  }

  /** The ledger has changed, or there was an outage. */
  refresh() {
    this.#source?.poke();
  }

  /** Something else is asked for from now on. */
  restart() {
    this.#stop();
    const { portfolio } = this;
    if (portfolio === null) return;
    this.#section.setAttribute('aria-busy', 'true');
    this.#source = new Source({
      load: (signal) => this.#load(portfolio, signal),
      show: (body) => {
        setMessage(this.#note, '');
        this.#section.removeAttribute('aria-busy');
        this.#show(body);
      },
      fail: (error) => setMessage(this.#note, text('notCurrent', { why: error.message })),
    });
    this.#source.poke();
    this.#timer = setInterval(() => {
      if (!document.hidden) this.#source?.poke();
    }, this.#everyMs());
  }

  #stop() {
    this.#source?.close();
    this.#source = null;
    clearInterval(this.#timer);
  }
}
