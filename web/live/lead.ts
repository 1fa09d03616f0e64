import type { Client } from 'marktide/client';
import { channelsOf, NOTHING } from './wanted-channels.ts';
import { lostPortfolios } from './lost-portfolios.ts';
import type { Condition, News, Told, Want, Wants } from './messages.ts';
import type { ChannelStates } from './channel-states.ts';
import { Stream } from './stream.ts';
import type { Tabs } from './tabs.ts';

/** A cursor has room for eight logs: the market and this many portfolios. */
const MOST_PORTFOLIOS = 7;

interface Options {
  term: number;
  client: Client;
  tabs: Tabs;
  wants: Wants;
  states: ChannelStates;
  lastId: string | null;
  /** Receives the events for this tab. */
  take: (told: Told) => void;
}

/** The leading tab's part: one stream for what all tabs show, whose events go to all of them. */
export class Lead {
  readonly #term: number;
  readonly #client: Client;
  readonly #tabs: Tabs;
  readonly #wants: Wants;
  readonly #states: ChannelStates;
  readonly #take: (told: Told) => void;
  readonly #stream: Stream;
  readonly #life = new AbortController();
  readonly #watched = new Set<string>();
  #condition: Condition | null = null;
  #lastId: string | null;

  constructor({ term, client, tabs, wants, states, lastId, take }: Options) {
    this.#term = term;
    this.#client = client;
    this.#tabs = tabs;
    this.#wants = wants;
    this.#states = states;
    this.#take = take;
    this.#lastId = lastId;
    for (const tab of wants.keys()) this.#watch(tab);
    this.#stream = new Stream({
      client,
      channels: this.#needed(),
      lastId,
      available: () => this.#available(),
      on: {
        condition: (condition, id) => {
          this.#condition = condition;
          this.#lastId = id;
          this.tellStatus();
        },
        event: (event, id) => {
          this.#lastId = id;
          this.#tell({ type: 'event', event });
        },
        reset: (channels) => this.#tell({ type: 'reset', channels }),
        notice: (body) => this.#tell({ type: 'notice', body }),
      },
    });
  }

  close(): void {
    this.#life.abort();
    this.#stream.close();
  }

  /** A tab was opened, or now shows another portfolio. */
  wanted({ tab, wanted }: Want): void {
    this.#watch(tab);
    this.#adjust();
    const states = this.#states.of(wanted);
    if (tab !== this.#tabs.id) this.#post({ type: 'snapshot', to: tab, wanted, states });
    this.tellStatus();
  }

  tellStatus(): void {
    if (this.#condition === null || this.#life.signal.aborted) return;
    this.#tell({
      type: 'status',
      condition: this.#condition,
      wants: this.#wants,
      crowded: this.#wanted().slice(MOST_PORTFOLIOS),
      hidden: document.hidden,
    });
  }

  /**
   * Channels that are no longer needed stay until others must be added: that is cheaper than reconnecting.
   */
  #adjust(): void {
    const needed = this.#needed();
    if (needed.every((name) => this.#stream.channels.includes(name))) return;
    this.#states.keep(needed);
    this.#stream.change(needed);
  }

  /**
   * Distinct portfolios, in the order they were requested; those of which only totals are shown come last.
   */
  #wanted(): string[] {
    const wants = [...this.#wants.values()];
    const shown = wants.flatMap(({ portfolioId }) => portfolioId ?? []);
    return [...new Set([...shown, ...wants.flatMap(({ others }) => others)])];
  }

  #served(): string[] {
    return this.#wanted().slice(0, MOST_PORTFOLIOS);
  }

  #needed(): string[] {
    const served = new Set(this.#served());
    const isServed = (id: string | null): boolean => id !== null && served.has(id);
    const channels = [...this.#wants.values()].flatMap(({ portfolioId, others }) =>
      channelsOf({
        portfolioId: isServed(portfolioId) ? portfolioId : null,
        others: others.filter(isServed),
      }),
    );
    return [...new Set([...channelsOf(NOTHING), ...channels])];
  }

  async #available(): Promise<string[]> {
    const lost = await lostPortfolios(this.#client.api, this.#served());
    const isThere = (id: string): boolean => !lost.includes(id);
    for (const [tab, { portfolioId, others }] of this.#wants) {
      const shown = portfolioId !== null && isThere(portfolioId) ? portfolioId : null;
      this.#wants.set(tab, { portfolioId: shown, others: others.filter(isThere) });
    }
    if (lost.length > 0) this.#tell({ type: 'lost', portfolioIds: lost });
    return this.#needed();
  }

  #watch(tab: string): void {
    if (tab === this.#tabs.id || this.#watched.has(tab)) return;
    this.#watched.add(tab);
    this.#tabs.whenGone(tab, this.#life.signal, () => {
      this.#watched.delete(tab);
      this.#wants.delete(tab);
      this.#adjust();
      this.tellStatus();
    });
  }

  #tell(news: News): void {
    if (this.#life.signal.aborted) return;
    this.#post(news);
    this.#take({ ...news, term: this.#term, lastId: this.#lastId });
  }

  #post(news: News): void {
    if (this.#wants.size > 1) this.#tabs.post({ ...news, term: this.#term, lastId: this.#lastId });
  }
}
