import type { Slot } from '../../../lib/async/slots.ts';
import type { Transport } from '../stream-observer.ts';
import type { Subscriber } from './subscriber.ts';
import type { SubscriberRequest } from './subscriber-options.ts';

/** Who opened a stream. All fields are `null` for an anonymous client. */
export interface StreamOwner {
  userId: string | null;
  sessionId: string | null;
  /** When the credential expires, and with it the stream: epoch milliseconds. */
  expiresAt: number | null;
}

export const ANONYMOUS: StreamOwner = { userId: null, sessionId: null, expiresAt: null };

/** A slot among the streams, taken before the stream is opened. */
export interface Admission extends Slot {
  /** Whose it is: a user's id, or the network of an anonymous client. */
  readonly client: string;
}

export interface StreamRequest extends SubscriberRequest {
  id: string;
  owner: StreamOwner;
  /** A slot from `admit`; released when the stream ends. */
  admission?: Admission;
  /** Called before anything is awaited, so that a client that disconnects early is noticed. */
  onOpen: (subscriber: Subscriber) => void;
}

/** The channels that a client changes to. */
export type Reselection = Pick<StreamRequest, 'channels' | 'lastEventId' | 'replay'>;

export interface OpenStream {
  readonly id: string;
  readonly owner: StreamOwner;
  readonly transport: Transport;
  /** Epoch milliseconds. */
  readonly openedAt: number;
  /** Replaced whenever the client changes its channels. */
  subscriber: Subscriber;
}
