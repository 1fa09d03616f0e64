import type { ReadonlySignal } from '@preact/signals';
import type { Api } from '../api.ts';
import type { ClockFace } from '../figures/clock-face.ts';

/** What every view of administrators needs. */
export interface AdminProps {
  api: Api;
  face: ClockFace;
  /** Changes when an answer may have changed. */
  changes: ReadonlySignal<number>;
}

/** How often figures of the running server are asked for. */
export const EVERY_MS = 5_000;
