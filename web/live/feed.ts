import type { Client } from 'marktide/client';
import { BASE_PATH, type Notice } from '../api.ts';
import { isSame, NOTHING, type Wanted } from './wanted-channels.ts';
import { type LiveEvent, portfolioOf } from './events.ts';
import { type FeedState, feedState, type Status } from './feed-state.ts';
import { Lead } from './lead.ts';
import { LeaderWatch } from './leader-watch.ts';
import type { Message, Silence, Told, Want, Wants } from './messages.ts';
import { ChannelStates } from './channel-states.ts';
import { Tabs } from './tabs.ts';

export interface FeedListener {
  state(state: FeedState): void;
  /** Feeds without prices; empty while all deliver. */
  silent(feeds: readonly Silence[]): void;
  event(event: LiveEvent): void;
  /** Portfolios that one stream has no room for. */
  crowded(portfolioIds: readonly string[]): void;
  /** The stream has caught up. */
  live(states: ChannelStates): void;
  refused(why: string): void;
  notice(notice: Notice): void;
  /** The portfolio can no longer be read. */
  lost(): void;
}

/**
 * Live data for this tab: one portfolio, the totals of others, and the market. All tabs of a user share one stream: the leading tab holds it,
 * and passes events on to the others along with the cursor, so any of them can resume it.
 */
export class Feed {
  readonly #client: Client;
  readonly #on: FeedListener;
  readonly #tabs: Tabs;
  readonly #watch: LeaderWatch;
  readonly #states = new ChannelStates();
  #wanted: Wanted = NOTHING;
  #wants: Wants = new Map();
  #status: Status | null = null;
  #lastId: string | null = null;
  /** Incremented with every change of leader: messages of a former one are ignored. */
  #term = 0;
  #lead: Lead | null = null;
  /** Whether this tab has the current state of everything. */
  #isInformed = false;
  #wasLive = false;
  #state: FeedState | null = null;

  constructor(client: Client, userId: string, on: FeedListener) {
    this.#client = client;
    this.#on = on;
    this.#tabs = new Tabs(`marktide.feed${BASE_PATH}.${userId}`, {
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

  /** Switches to other data. */
  watch(wanted: Wanted): void {
    this.#wanted = wanted;
    this.#isInformed = false;
    this.#wasLive = false;
    // The old state described something else.
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
    const want: Want = { type: 'want', tab: this.#tabs.id, wanted: this.#wanted };
    this.#wants.set(want.tab, want.wanted);
    this.#tabs.post(want);
    this.#lead?.wanted(want);
    if (this.#lead !== null) this.#informed(this.#states.of(this.#wanted));
  }

  #hear(message: Message): void {
    if (message.type === 'want') {
      this.#wants.set(message.tab, message.wanted);
      this.#lead?.wanted(message);
    } else if (message.type === 'ask') {
      this.#lead?.tellStatus();
    } else if (message.term >= this.#term) {
      if (message.term > this.#term) this.#follow(message.term);
      this.#watch.heard();
      this.#take(message);
    }
  }

  /** Another tab leads now: tells it what is wanted here, and gets what it knows. */
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

  /** Handles a message of the leader, whether that is this tab or another one. */
  #take(told: Told): void {
    this.#lastId = told.lastId;
    switch (told.type) {
      case 'event':
        this.#states.put(told.event);
        if (this.#isInformed) this.#show(told.event);
        break;
      case 'snapshot':
        if (told.to !== this.#tabs.id || !isSame(told.wanted, this.#wanted)) break;
        for (const event of told.states) this.#states.put(event);
        this.#informed(told.states);
        break;
      case 'status':
        this.#status = told;
        if (told.wants !== this.#wants) this.#learnWants(told.wants);
        this.#on.crowded(told.crowded);
        break;
      case 'reset':
        this.#states.drop(told.channels);
        break;
      case 'notice':
        this.#on.notice(told.body);
        break;
      case 'lost':
        if (told.portfolioIds.some((id) => this.#isWanted(id))) this.#on.lost();
        break;
    }
    this.#settle();
  }

  /** If this tab becomes the leader, it must know what the others want. */
  #learnWants(wants: Wants): void {
    this.#wants = new Map(wants);
    this.#wants.set(this.#tabs.id, this.#wanted);
  }

  #informed(states: readonly LiveEvent[]): void {
    this.#isInformed = true;
    for (const event of states) this.#show(event);
  }

  #show(event: LiveEvent): void {
    const portfolioId = portfolioOf(event);
    const isOwn = portfolioId === null || portfolioId === this.#wanted.portfolioId;
    if (isOwn || (event.kind === 'pnl' && this.#isWanted(portfolioId))) this.#on.event(event);
  }

  #isWanted(portfolioId: string): boolean {
    return portfolioId === this.#wanted.portfolioId || this.#wanted.others.includes(portfolioId);
  }

  #settle(): void {
    const state = feedState(this.#status, {
      wanted: this.#wanted,
      isInformed: this.#isInformed,
      wasLive: this.#wasLive,
      isDoubtful: this.#lead === null && this.#watch.isDoubtful,
    });
    this.#on.silent(this.#status?.condition.silent ?? []);
    if (state === this.#state) return;
    this.#state = state;
    this.#on.state(state);
    if (state === 'refused') this.#on.refused(this.#status?.condition.refused ?? '');
    // Everything that is known has arrived, current or not.
    if (state !== 'live' && state !== 'silent') return;
    this.#wasLive = true;
    this.#on.live(this.#states);
  }
}
