import type { Position } from './broker.ts';
import type { Frame } from './frame.ts';

/** What live frames are delivered to: the subscriber of a connection, or a cohort. */
export interface FrameReceiver {
  /** The frames of one event on the receiver's channels, in order. */
  deliver(log: string, position: Position, frames: readonly Frame[]): void;
  /** Continuity is lost: send `reset` and the current state, and continue from `position`. */
  resetLog(log: string, position: Position, reason: string): void;
  /** Delivery is interrupted, or continues. */
  conditionChanged(log: string, state: 'away' | 'back'): void;
}

/** Delivers the frames of one log to the receivers of their channels. */
export class FrameRouter {
  readonly log: string;
  readonly #byChannel = new Map<string, Set<FrameReceiver>>();
  readonly #all = new Set<FrameReceiver>();

  constructor(log: string) {
    this.log = log;
  }

  add(receiver: FrameReceiver, channels: Iterable<string>): void {
    this.#all.add(receiver);
    for (const channel of channels) {
      const set = this.#byChannel.get(channel);
      if (set) set.add(receiver);
      else this.#byChannel.set(channel, new Set([receiver]));
    }
  }

  remove(receiver: FrameReceiver, channels: Iterable<string>): void {
    this.#all.delete(receiver);
    for (const channel of channels) {
      const set = this.#byChannel.get(channel);
      set?.delete(receiver);
      if (set?.size === 0) this.#byChannel.delete(channel);
    }
  }

  /** Delivers the frames of one event, each receiver's in one call. */
  route(position: Position, frames: readonly Frame[]): void {
    const only = frames[0];
    if (only === undefined) return;
    if (frames.length > 1) this.#routeMany(position, frames);
    else if (!only.quiet) this.#each(only, (receiver) => receiver.deliver(this.log, position, frames));
  }

  reset(position: Position, reason: string): void {
    for (const receiver of this.#all) receiver.resetLog(this.log, position, reason);
  }

  conditionChanged(state: 'away' | 'back'): void {
    for (const receiver of this.#all) receiver.conditionChanged(this.log, state);
  }

  #routeMany(position: Position, frames: readonly Frame[]): void {
    const byReceiver = new Map<FrameReceiver, Frame[]>();
    for (const frame of frames) {
      if (frame.quiet) continue;
      this.#each(frame, (receiver) => {
        const list = byReceiver.get(receiver);
        if (list) list.push(frame);
        else byReceiver.set(receiver, [frame]);
      });
    }
    for (const [receiver, list] of byReceiver) receiver.deliver(this.log, position, list);
  }

  #each({ channel, wildcard }: Frame, deliver: (receiver: FrameReceiver) => void): void {
    const named = this.#byChannel.get(channel);
    if (named) for (const receiver of named) deliver(receiver);
    const wild = wildcard === null ? undefined : this.#byChannel.get(wildcard);
    if (wild) for (const receiver of wild) if (!named?.has(receiver)) deliver(receiver);
  }
}
