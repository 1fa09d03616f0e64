import type { components } from 'marktide/client';

/** The entries that the list of flows has, and that can be entered by hand beside trades. */
export const FLOW_KINDS = ['deposit', 'withdrawal', 'reward'] as const;
export type FlowKind = (typeof FLOW_KINDS)[number];

export type Flow = Extract<components['schemas']['Entry'], { kind: FlowKind }>;

export function isFlow(entry: components['schemas']['Entry']): entry is Flow {
  return FLOW_KINDS.some((kind) => kind === entry.kind);
}
