/** One of the things that a node needs in order to serve. */
export interface HealthCheck {
  ready: boolean;
  /** What is wrong; `null` if nothing is. */
  detail: string | null;
}

/** A check that sends something and waits until it returns. */
export interface RoundTripCheck extends HealthCheck {
  /** Of the last one that came back; `null` before the first. */
  roundTripMs: number | null;
}
