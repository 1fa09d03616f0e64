import { batch, type ReadonlySignal, signal } from '@preact/signals';

/** What the page shows. It is stored after the `#` of the address, so the server need not know. */
export type Place =
  | { view: 'portfolio'; portfolioId: string | null }
  | { view: 'asset'; portfolioId: string; asset: string }
  /** What a figure is made of. */
  | { view: 'explain'; portfolioId: string; figure: string }
  | { view: 'overview' }
  | { view: 'account' }
  | { view: 'admin'; section: string };

/** Filters and the like, by name, after the `?` of the place. */
export type Params = Readonly<Record<string, string>>;

const HOME: Place = { view: 'portfolio', portfolioId: null };
const current = signal<Place>(placeOf(location.hash) ?? HOME);
const filters = signal<Params>(paramsOf(location.hash));

/** @returns `null` if this is not a place on this page, such as the link that skips to its content */
function placeOf(hash: string): Place | null {
  if (hash === '') return HOME;
  if (!hash.startsWith('#/')) return null;
  const [kind, id, part, name] = hash.slice(2).split('?')[0]?.split('/').map(decoded) ?? [];
  if (kind === 'account' || kind === 'overview') return { view: kind };
  if (kind === 'admin') return { view: 'admin', section: id ?? '' };
  if (kind !== 'portfolios' || id === undefined) return HOME;
  if (part === 'assets' && name !== undefined) return { view: 'asset', portfolioId: id, asset: name };
  if (part === 'explain' && name !== undefined) return { view: 'explain', portfolioId: id, figure: name };
  return { view: 'portfolio', portfolioId: id };
}

/** A truncated link leads to the start page. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return '';
  }
}

function paramsOf(hash: string): Params {
  const at = hash.indexOf('?');
  return at < 0 ? {} : Object.fromEntries(new URLSearchParams(hash.slice(at + 1)));
}

export function hrefOf(place: Place, given: Params = {}): string {
  const query = queryOf(given);
  return query === '' ? pathOf(place) : `${pathOf(place)}?${query}`;
}

/** Sorted, so that the same filters always give the same address. */
function queryOf(given: Params): string {
  const set = Object.entries(given).filter(([, value]) => value !== '');
  return String(new URLSearchParams(set.toSorted(([a], [b]) => (a < b ? -1 : 1))));
}

function pathOf(place: Place): string {
  if (place.view === 'account' || place.view === 'overview') return `#/${place.view}`;
  if (place.view === 'admin') return place.section === '' ? '#/admin' : `#/admin/${place.section}`;
  if (place.view === 'asset') {
    return `#/portfolios/${encodeURIComponent(place.portfolioId)}/assets/${encodeURIComponent(place.asset)}`;
  }
  if (place.view === 'explain') {
    return `#/portfolios/${encodeURIComponent(place.portfolioId)}/explain/${encodeURIComponent(place.figure)}`;
  }
  return place.portfolioId === null ? '#/' : `#/portfolios/${encodeURIComponent(place.portfolioId)}`;
}

/** The current place. Links lead to other places, and the browser's buttons back. */
export const place: ReadonlySignal<Place> = current;

/** `replace`: the browser's back button skips what was shown before. */
export function go(to: Place, { replace = false }: { replace?: boolean } = {}): void {
  const href = hrefOf(to);
  if (replace) history.replaceState(null, '', href);
  else history.pushState(null, '', href);
  batch(() => {
    current.value = to;
    filters.value = {};
  });
}

/** The filters of the current view; those that are not set are absent. */
export const params: ReadonlySignal<Params> = filters;

/** Sets filters; `''` clears one. The address follows, so that it can be reloaded and shared. */
export function setParams(changes: Params): void {
  const set = Object.entries({ ...filters.peek(), ...changes }).filter(([, value]) => value !== '');
  const given = Object.fromEntries(set);
  history.replaceState(null, '', hrefOf(current.peek(), given));
  filters.value = given;
}

addEventListener('popstate', () => {
  const to = placeOf(location.hash);
  if (to === null) return;
  batch(() => {
    if (hrefOf(to) !== hrefOf(current.peek())) current.value = to;
    filters.value = paramsOf(location.hash);
  });
});
