/** Work in small steps. Whoever runs it decides what may happen between two of them. */
export type Steps<T> = Generator<void, T, undefined>;

export function atOnce<T>(steps: Steps<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
  }
}
