import { channelsOf } from './channels.js';
import { Lead } from './lead.js';
import { LeaderWatch } from './leader-watch.js';
import { States } from './states.js';
import { Tabs } from './tabs.js';

/**
 * Live data for this tab: one portfolio and the market. All tabs of a user share one stream: the leading tab has the
 * EventSource and tells the others what comes, along with the cursor. So any of them can go on where it stopped.
 *
 * States: `connecting`, `live`, `resuming`, `reset` (starting over, not in step yet), `stale` (open, but nothing comes or
 * the server says that it is held up), `crowded` (the tabs show more portfolios than one stream can carry),
 * `refused` (for good, until another portfolio is chosen). Only in `live` are the figures current.
 * `on`: `state(name)`, `refused(detail)`, `heard(at)`, `ticker`, `pnl`, `holdings`, `fill` and `notice` with a body, `live(states)` whenever
 * it has come into step, `lost()` when the portfolio cannot be read any more.
 */
export class Feed {
  #tabs;
  #on;
  #checks;
  #portfolioId = null;
  #states = new States();
  /** What each tab wants to see, in the order in which they came. */
  #wants = new Map();
  #status = null;
  #lastId = '';
  /** Rises with every change of leader: what an old one may still say counts for nothing. */
  #term = 0;
  #lead = null;
  /** This tab knows all states as of now. */
  #isInformed = false;
  #wasLive = false;
  #state = '';
  #watch;

  /** `checks`: `lost(portfolioIds)` gives those that cannot be read, `refusal(path)` why a stream is refused, `isCurrent(states, portfolioIds)` whether all is. */
  constructor({ userId, checks, on }) {
    this.#on = on;
    this.#checks = checks;
    this.#tabs = new Tabs(`marktide.feed.${userId}`, {
      joined: () => this.#want(),
      message: (message) => this.#hear(message),
      lead: () => this.#takeLead(),
      deposed: () => this.#stepDown(),
    });
    this.#watch = new LeaderWatch({
      follows: () => this.#lead === null,
      ask: () => this.#tabs.post({ type: 'ask' }),
      isInTrouble: () => this.#status?.hidden === true && this.#state !== 'live',
      takeOver: () => this.#tabs.takeOver(),
      changed: () => this.#settle(),
    });
    document.addEventListener('visibilitychange', this.#seen);
  }

  /** From now on this portfolio; `null`: the market only. */
  watch(portfolioId) {
    this.#portfolioId = portfolioId;
    this.#isInformed = false;
    this.#wasLive = false;
    this.#want();
    this.#settle();
  }

  close() {
    document.removeEventListener('visibilitychange', this.#seen);
    this.#watch.close();
    this.#lead?.close();
    this.#tabs.close();
  }

  #seen = () => {
    this.#lead?.tellStatus();
    this.#watch.look();
  };

  #want() {
    const want = { type: 'want', tab: this.#tabs.id, portfolioId: this.#portfolioId };
    this.#wants.set(want.tab, want.portfolioId);
    this.#tabs.post(want);
    this.#lead?.wanted(want);
    if (this.#lead !== null) this.#informed(this.#states.of(this.#portfolioId));
  }

  #hear(message) {
    if (message.type === 'want') {
      this.#wants.set(message.tab, message.portfolioId);
      this.#lead?.wanted(message);
    }
    if (message.type === 'ask') this.#lead?.tellStatus();
    if (message.term === undefined || message.term < this.#term) return;
    if (message.term > this.#term) this.#follow(message.term);
    this.#watch.heard();
    this.#take(message);
  }

  /** Another tab leads now. It is told what is wanted here, and tells what it knows. */
  #follow(term) {
    this.#term = term;
    this.#stepDown();
    this.#isInformed = false;
    this.#want();
  }

  #takeLead() {
    this.#term = Math.max(Date.now(), this.#term + 1);
    this.#states.keep(this.#status?.condition.channels ?? []);
    this.#isInformed = true;
    this.#lead = new Lead({
      term: this.#term,
      tabs: this.#tabs,
      wants: this.#wants,
      states: this.#states,
      lastId: this.#lastId,
      checks: this.#checks,
      take: (message) => this.#take(message),
    });
  }

  #stepDown() {
    this.#lead?.close();
    this.#lead = null;
  }

  /** What the leader says, be it this tab or another one. */
  #take(message) {
    this.#lastId = message.lastId;
    switch (message.type) {
      case 'event':
        this.#states.put(message.kind, message.body);
        if (this.#isInformed) this.#show(message.kind, message.body);
        break;
      case 'snapshot':
        if (message.to !== this.#tabs.id || message.portfolioId !== this.#portfolioId) break;
        for (const [kind, body] of message.states) this.#states.put(kind, body);
        this.#informed(message.states);
        break;
      case 'status':
        this.#status = message;
        if (message.wants !== this.#wants) this.#learnWants(message.wants);
        break;
      case 'reset':
        this.#states.drop(message.channels);
        break;
      case 'notice':
        this.#on.notice(message.body);
        break;
      case 'lost':
        if (message.portfolioIds.includes(this.#portfolioId)) this.#on.lost();
        break;
    }
    this.#settle();
  }

  /** Should this tab lead some day, it must know for whom. */
  #learnWants(wants) {
    this.#wants = new Map(wants);
    this.#wants.set(this.#tabs.id, this.#portfolioId);
  }

  #informed(states) {
    this.#isInformed = true;
    for (const [kind, body] of states) this.#show(kind, body);
  }

  #show(kind, body) {
    this.#on.heard(Date.now());
    const portfolioId = body.portfolioId ?? null;
    if (portfolioId === null || portfolioId === this.#portfolioId) this.#on[kind]?.(body);
  }

  #settle() {
    const state = this.#judge();
    if (state === this.#state) return;
    this.#state = state;
    this.#on.state(state);
    if (state === 'refused') this.#on.refused(this.#status.condition.refused);
    if (state !== 'live') return;
    this.#wasLive = true;
    this.#on.live(this.#states);
  }

  #judge() {
    const waiting = this.#wasLive ? 'resuming' : 'connecting';
    if (this.#status === null || !this.#isInformed) return waiting;
    const { condition, crowded } = this.#status;
    if (crowded.includes(this.#portfolioId)) return 'crowded';
    if (condition.refused) return 'refused';
    const own = channelsOf(this.#portfolioId);
    if (own.some((name) => !condition.channels.includes(name) || condition.pending.includes(name))) {
      return condition.isReset ? 'reset' : waiting;
    }
    const isDoubtful = this.#lead === null && this.#watch.isDoubtful;
    const isHeldUp = condition.isSilent || own.some((name) => condition.delayed.includes(name));
    return isDoubtful || isHeldUp ? 'stale' : 'live';
  }
}
