import { type Client, forgetSession, hasSession, MarktideError, pause, waitOf } from 'marktide/client';
import { type ReadonlySignal, signal } from '@preact/signals';
import { BASE_PATH, BASE_URL, connect, type Me, type User } from '../api.ts';
import { waitingText } from '../text/problem-text.ts';
import { text } from '../text/text.ts';

const TABS = `marktide.session${BASE_PATH}`;
const WAITS = { random: Math.random, longestWaitMs: 30_000 };

export type Signed = Pick<User | Me, 'id' | 'email' | 'name' | 'role'>;
type Message = { type: 'signed-in'; userId: string } | { type: 'signed-out' };

/**
 * The signed-in user. All tabs of a browser share one session, in its cookies: signing in or out in one tab does so in
 * all.
 */
export class Session {
  readonly client: Client;
  readonly #user = signal<Signed | null>(null);
  readonly #isResuming = signal(hasSession(window));
  /** What to tell the visitor; `''` if nothing. */
  readonly #message = signal('');
  readonly #tabs = new BroadcastChannel(TABS);
  #life = new AbortController();

  constructor() {
    this.client = connect(() => this.#over('session.ended'));
    this.#tabs.addEventListener('message', ({ data }: MessageEvent<Message>) => {
      if (data.type === 'signed-out') this.#over('session.elsewhere');
      else if (data.userId !== this.#user.value?.id) void this.resume();
    });
  }

  /** `null` if nobody is signed in, or it is not known yet. */
  get user(): ReadonlySignal<Signed | null> {
    return this.#user;
  }

  /** The cookies hold a session, and the page is finding out whose it is. */
  get isResuming(): ReadonlySignal<boolean> {
    return this.#isResuming;
  }

  get message(): ReadonlySignal<string> {
    return this.#message;
  }

  /** @throws MarktideError if the login is refused */
  async signIn(email: string, password: string): Promise<void> {
    this.#life.abort();
    const { user } = await this.client.api.login({ body: { email, password } });
    this.#tabs.postMessage({ type: 'signed-in', userId: user.id } satisfies Message);
    this.#message.value = '';
    this.#user.value = user;
  }

  /** Continues the session in the cookies, however long the server takes to answer. */
  async resume(): Promise<void> {
    this.#life.abort();
    this.#life = new AbortController();
    const { signal: life } = this.#life;
    for (let attempt = 1; hasSession(window) && !life.aborted; attempt += 1) {
      this.#isResuming.value = true;
      const failure = await this.#resume(life).catch((error: unknown) => error);
      if (failure === undefined || life.aborted) return;
      if (failure instanceof MarktideError && failure.status === 401) break;
      this.#message.value = waitingText(failure);
      const cause = failure instanceof Error ? failure : null;
      await pause(waitOf({ attempt, retryMs: 1_000, cause }, WAITS), life);
    }
    if (!life.aborted) this.#isResuming.value = false;
  }

  async #resume(life: AbortSignal): Promise<void> {
    const user = await this.client.api.me({}, { signal: life });
    if (life.aborted) return;
    this.#message.value = '';
    this.#isResuming.value = false;
    this.#user.value = user;
  }

  async signOut(): Promise<void> {
    // The server may be unreachable: on this page the session is over in any case.
    const confirmed = await this.client.api.logout().then(
      () => true,
      (error: unknown) => error instanceof MarktideError && error.status === 401,
    );
    this.#tabs.postMessage({ type: 'signed-out' } satisfies Message);
    forgetSession(window, BASE_URL);
    this.#user.value = null;
    this.#message.value = confirmed ? '' : text('signOutUnconfirmed');
  }

  /** @throws MarktideError if the name is refused */
  async rename(name: string | null): Promise<void> {
    const user = this.#user.peek();
    if (user === null) return;
    const { name: kept } = await this.client.api.updateUser({ path: { userId: user.id }, body: { name } });
    this.#user.value = { ...user, name: kept };
  }

  /**
   * Ends all sessions of the user, on every device.
   * @throws MarktideError if it is refused
   */
  async signOutEverywhere(): Promise<void> {
    await this.client.api.logoutEverywhere();
    this.#tabs.postMessage({ type: 'signed-out' } satisfies Message);
    forgetSession(window, BASE_URL);
    this.#user.value = null;
  }

  /** Says nothing to a visitor who was not signed in. */
  #over(why: 'session.ended' | 'session.elsewhere'): void {
    this.#life.abort();
    this.#isResuming.value = false;
    if (this.#user.value === null) return;
    this.#message.value = text(why);
    this.#user.value = null;
  }
}
