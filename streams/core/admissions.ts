/** A place among the streams, taken before a stream is opened. */
export interface Admission {
  /** Gives the place back; more than once does no harm. */
  release(): void;
}

export class StreamLimitError extends Error {
  readonly limit: 'process' | 'user' | 'address';
  constructor(limit: 'process' | 'user' | 'address') {
    super(`too many open streams ${limit === 'process' ? 'on this node' : `of this ${limit}`}`);
    this.name = 'StreamLimitError';
    this.limit = limit;
  }
}

export interface AdmissionLimits {
  max: number;
  maxPerUser: number;
  /** Of those who have not logged in. */
  maxPerAddress: number;
}

/** The places among the streams of this process, of which each reader gets a share. */
export class Admissions {
  readonly #limits: AdmissionLimits;
  /** Places taken, by streams that are being opened too. */
  #taken = 0;
  /** By user, or by the network of who is none. */
  readonly #takenByReader = new Map<string, number>();

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Takes a place, so that many who come at once do not all find the last one free. @throws StreamLimitError */
  admit({ userId, network }: { userId: string | null; network: string }): Admission {
    const { max, maxPerUser, maxPerAddress } = this.#limits;
    if (this.#taken >= max) throw new StreamLimitError('process');
    const reader = userId ?? network;
    const taken = this.#takenByReader.get(reader) ?? 0;
    if (taken >= (userId === null ? maxPerAddress : maxPerUser)) {
      throw new StreamLimitError(userId === null ? 'address' : 'user');
    }
    this.#taken += 1;
    this.#takenByReader.set(reader, taken + 1);
    let isTaken = true;
    return {
      release: () => {
        if (!isTaken) return;
        isTaken = false;
        this.#taken -= 1;
        const left = (this.#takenByReader.get(reader) ?? 1) - 1;
        if (left > 0) this.#takenByReader.set(reader, left);
        else this.#takenByReader.delete(reader);
      },
    };
  }
}
