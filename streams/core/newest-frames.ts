import { type Frame, isOn } from './frame.ts';

/** The newest frame of every state channel of one log. */
export class NewestFrames {
  readonly #byChannel = new Map<string, Frame>();

  /** Frames of events channels, and older ones, are ignored. */
  remember(frame: Frame): void {
    if (frame.kind !== 'state') return;
    const known = this.#byChannel.get(frame.channel);
    if (known === undefined || known.offset < frame.offset) this.#byChannel.set(frame.channel, frame);
  }

  has(channel: string): boolean {
    return this.#byChannel.has(channel);
  }

  /** The frames that the channels select, in log order. */
  on(channels: ReadonlySet<string>): Frame[] {
    return [...this.#byChannel.values()]
      .filter((frame) => isOn(frame, channels))
      .sort((a, b) => a.offset - b.offset);
  }

  clear(): void {
    this.#byChannel.clear();
  }
}
