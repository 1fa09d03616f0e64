import type { LogEvent, LogListener, Position } from '../../streams/core/broker.ts';

/** A listener that keeps what it is told, and lets a test wait for it. */
export class LogRecorder implements LogListener {
  readonly received: LogEvent[] = [];
  readonly epochs: string[] = [];
  readonly resets: { position: Position; reason: string }[] = [];
  readonly conditions: string[] = [];
  #waiting: { fits: () => boolean; resolve: () => void }[] = [];

  get offsets(): number[] {
    return this.received.map((event) => event.offset);
  }

  get data(): string[] {
    return this.received.map((event) => event.data);
  }

  events(epoch: string, events: readonly LogEvent[]): void {
    if (this.epochs.at(-1) !== epoch) this.epochs.push(epoch);
    this.received.push(...events);
    this.#look();
  }

  reset(position: Position, reason: 'epoch' | 'expired'): void {
    this.resets.push({ position, reason });
    this.#look();
  }

  condition(state: 'away' | 'back'): void {
    this.conditions.push(state);
    this.#look();
  }

  /** Resolves as soon as `fits` holds; it is asked after everything that comes in. */
  until(fits: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ fits, resolve });
      this.#look();
    });
  }

  untilOffset(offset: number): Promise<void> {
    return this.until(() => (this.received.at(-1)?.offset ?? 0) >= offset);
  }

  untilCondition(state: 'away' | 'back'): Promise<void> {
    return this.until(() => this.conditions.at(-1) === state);
  }

  #look(): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ fits }) => !fits());
    for (const waiter of waiting) if (!this.#waiting.includes(waiter)) waiter.resolve();
  }
}
