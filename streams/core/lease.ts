/** The right to be the only writer of something, for a limited time. */
export interface Lease {
  /** Fencing token: grows with every change of holder. Whatever the lease protects must refuse a smaller one. */
  readonly fence: number;
  /** Aborted when the lease is lost or released. The holder must stop at once. */
  readonly signal: AbortSignal;
  release(): Promise<void>;
}

export interface Leases {
  /** @returns `null` while another holder has the lease */
  acquire(name: string): Promise<Lease | null>;
  close(): Promise<void>;
}
