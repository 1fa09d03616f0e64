/** What is far down on the dashboard, loaded together after everything above it. */
export { EntriesCard } from '../entries/entries-card.tsx';
export { TagStatsCard } from '../trades/tag-stats-card.tsx';
