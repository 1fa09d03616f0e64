import type { Client } from 'marktide/client';
import type { Notice } from '../api.ts';
import { type LiveEvent, portfolioOf } from './events.ts';
import { type FeedState, feedState, type Status } from './feed-state.ts';
import { Lead } from './lead.ts';
import { LeaderWatch } from './leader-watch.ts';
import type { Message, Told, Want, Wants } from './messages.ts';
import { States } from './states.ts';
import { Tabs } from './tabs.ts';

export interface FeedListener {
  state(state: FeedState): void;
  event(event: LiveEvent): void;
  /** It has come into step. */
  live(states: States): void;
  refused(why: string): void;
  notice(notice: Notice): void;
  /** The portfolio cannot be read any more. */
  lost(): void;
}

/**
 * Live data for this tab: one portfolio and the market. All tabs of a user share one stream: the leading tab has it, and
 * tells the others what comes, along with the cursor. So any of them can go on where it stopped.
 */
export class Feed {
  readonly #client: Client;
  readonly #on: FeedListener;
  readonly #tabs: Tabs;
  readonly #watch: LeaderWatch;
  readonly #states = new States();
  #portfolioId: string | null = null;
  #wants: Wants = new Map();
  #status: Status | null = null;
  #lastId: string | null = null;
  /** Rises with every change of leader: what an old one may still say counts for nothing. */
  #term = 0;
  #lead: Lead | null = null;
  /** This tab knows all states as of now. */
  #isInformed = false;
  #wasLive = false;
  #state: FeedState | null = null;

  constructor(client: Client, userId: string, on: FeedListener) {
    this.#client = client;
    this.#on = on;
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
  watch(portfolioId: string | null): void {
    this.#portfolioId = portfolioId;
    this.#isInformed = false;
    this.#wasLive = false;
    // Whatever the state is, it is one of this portfolio.
    this.#state = null;
    this.#want();
    this.#settle();
  }

  close(): void {
    document.removeEventListener('visibilitychange', this.#seen);
    this.#watch.close();
    this.#lead?.close();
    this.#tabs.close();
  }

  readonly #seen = (): void => {
    this.#lead?.tellStatus();
    this.#watch.look();
  };

  #want(): void {
    const want: Want = { type: 'want', tab: this.#tabs.id, portfolioId: this.#portfolioId };
    this.#wants.set(want.tab, want.portfolioId);
    this.#tabs.post(want);
    this.#lead?.wanted(want);
    if (this.#lead !== null) this.#informed(this.#states.of(this.#portfolioId));
  }

  #hear(message: Message): void {
    if (message.type === 'want') {
      this.#wants.set(message.tab, message.portfolioId);
      this.#lead?.wanted(message);
    } else if (message.type === 'ask') {
      this.#lead?.tellStatus();
    } else if (message.term >= this.#term) {
      if (message.term > this.#term) this.#follow(message.term);
      this.#watch.heard();
      this.#take(message);
    }
  }

  /** Another tab leads now: exchange what is wanted here for what it knows. */
  #follow(term: number): void {
    this.#term = term;
    this.#stepDown();
    this.#isInformed = false;
    this.#want();
  }

  #takeLead(): void {
    this.#term = Math.max(Date.now(), this.#term + 1);
    this.#states.keep(this.#status?.condition.channels ?? []);
    this.#isInformed = true;
    this.#lead = new Lead({
      term: this.#term,
      client: this.#client,
      tabs: this.#tabs,
      wants: this.#wants,
      states: this.#states,
      lastId: this.#lastId,
      take: (told) => this.#take(told),
    });
  }

  #stepDown(): void {
    this.#lead?.close();
    this.#lead = null;
  }

  /** What the leader says, be it this tab or another one. */
  #take(told: Told): void {
    this.#lastId = told.lastId;
    switch (told.type) {
      case 'event':
        this.#states.put(told.event);
        if (this.#isInformed) this.#show(told.event);
        break;
      case 'snapshot':
        if (told.to !== this.#tabs.id || told.portfolioId !== this.#portfolioId) break;
        for (const event of told.states) this.#states.put(event);
        this.#informed(told.states);
        break;
      case 'status':
        this.#status = told;
        if (told.wants !== this.#wants) this.#learnWants(told.wants);
        break;
      case 'reset':
        this.#states.drop(told.channels);
        break;
      case 'notice':
        this.#on.notice(told.body);
        break;
      case 'lost':
        if (this.#portfolioId !== null && told.portfolioIds.includes(this.#portfolioId)) this.#on.lost();
        break;
    }
    this.#settle();
  }

  /** Should this tab lead some day, it must know for whom. */
  #learnWants(wants: Wants): void {
    this.#wants = new Map(wants);
    this.#wants.set(this.#tabs.id, this.#portfolioId);
  }

  #informed(states: readonly LiveEvent[]): void {
    this.#isInformed = true;
    for (const event of states) this.#show(event);
  }

  #show(event: LiveEvent): void {
    const portfolioId = portfolioOf(event);
    if (portfolioId === null || portfolioId === this.#portfolioId) this.#on.event(event);
  }

  #settle(): void {
    const state = feedState(this.#status, {
      portfolioId: this.#portfolioId,
      isInformed: this.#isInformed,
      wasLive: this.#wasLive,
      isDoubtful: this.#lead === null && this.#watch.isDoubtful,
    });
    if (state === this.#state) return;
    this.#state = state;
    this.#on.state(state);
    if (state === 'refused') this.#on.refused(this.#status?.condition.refused ?? '');
    if (state !== 'live') return;
    this.#wasLive = true;
    this.#on.live(this.#states);
  }
}
