/** The right to be the only writer of something, for a limited time. */
export interface Lease {
  /** Grows with every change of holder: what it protects refuses a smaller one. */
  readonly fence: number;
  /** Aborted when the lease is lost or given back: the holder must stop at once. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
}

export interface Leases {
  /** @returns the lease, or `null` while somebody else holds it */
  acquire(name: string): Promise<Lease | null>;
  close(): Promise<void>;
}
