import type { Dashboard } from '../portfolio/dashboard.ts';
import type { Signed } from '../account/session.ts';
import { keepLanguage, language } from '../page/locale.ts';
import { go } from '../page/route.ts';
import { chooseScheme } from '../page/scheme.ts';
import { text } from '../text/text.ts';

/** Something that the reader can do or see. */
export interface Command {
  id: string;
  label: string;
  /** Further words to find it by. */
  words?: string;
  run: () => void;
}

function speak(tag: 'en' | 'ko'): void {
  keepLanguage(tag);
  const url = new URL(location.href);
  url.searchParams.set('lang', tag);
  location.assign(url.href);
}

function actions({ dialog, portfolios, mayCreate }: Dashboard): Command[] {
  const access = portfolios.chosen.value?.access ?? 'read';
  const open = (id: string, label: string, type: 'import' | 'settings' | 'new-portfolio') => ({
    id,
    label,
    run: () => (dialog.value = { type }),
  });
  return [
    ...(access === 'read'
      ? []
      : [
          {
            id: 'add-trade',
            label: text('addTrade'),
            run: () => (dialog.value = { type: 'trade', trade: null }),
          },
          {
            id: 'add-entry',
            label: text('addEntry'),
            run: () => (dialog.value = { type: 'entry', entry: null }),
          },
          open('import', text('importFileOf'), 'import'),
        ]),
    ...(access === 'owner'
      ? [
          {
            id: 'connect',
            label: text('account.connect'),
            run: () => (dialog.value = { type: 'account', account: null }),
          },
          open('settings', text('settings'), 'settings'),
        ]
      : []),
    ...(mayCreate ? [open('new-portfolio', text('newPortfolio'), 'new-portfolio')] : []),
  ];
}

function places({ portfolios, holdings, market }: Dashboard, user: Signed): Command[] {
  const chosen = portfolios.chosen.value;
  const held = (holdings.value?.items ?? []).map(({ asset }) => asset);
  const traded = market.rows.value.map(({ symbol }) => symbol.split('/')[0] ?? '');
  const assets = chosen === null ? [] : [...new Set([...held, ...traded])];
  return [
    { id: 'overview', label: text('overview'), run: () => go({ view: 'overview' }) },
    ...(portfolios.all.value ?? []).map(({ id, name }) => ({
      id: `portfolio-${id}`,
      label: name,
      words: text('command.portfolio'),
      run: () => go({ view: 'portfolio', portfolioId: id }),
    })),
    ...assets
      .filter((asset) => asset !== chosen?.baseCurrency)
      .map((asset) => ({
        id: `asset-${asset}`,
        label: asset,
        words: text('asset'),
        run: () => chosen !== null && go({ view: 'asset', portfolioId: chosen.id, asset }),
      })),
    { id: 'account', label: text('command.account'), run: () => go({ view: 'account' }) },
    ...(user.role === 'admin'
      ? [{ id: 'admin', label: text('admin'), run: () => go({ view: 'admin', section: '' }) }]
      : []),
  ];
}

/** What was done last can be taken back from anywhere. */
function undoing(dashboard: Dashboard): Command[] {
  const done = dashboard.undoable.value;
  return done === null
    ? []
    : [{ id: 'undo', label: text('undo'), words: done.what, run: () => void dashboard.undo() }];
}

/** The commands that are available at present. */
export function commandsOf(dashboard: Dashboard, user: Signed, signOut: () => void): Command[] {
  return [
    ...undoing(dashboard),
    ...actions(dashboard),
    ...places(dashboard, user),
    { id: 'light', label: text('scheme.light'), run: () => chooseScheme('light') },
    { id: 'dark', label: text('scheme.dark'), run: () => chooseScheme('dark') },
    language === 'ko'
      ? { id: 'english', label: 'English', run: () => speak('en') }
      : { id: 'korean', label: '한국어', words: 'Korean', run: () => speak('ko') },
    { id: 'sign-out', label: text('signOut'), run: signOut },
  ];
}

const MOST = 12;

/** The commands that match the input; those that begin with it come first. */
export function found(commands: readonly Command[], typed: string): Command[] {
  const wanted = typed.trim().toLowerCase();
  const rank = ({ label, words = '' }: Command): number => {
    const name = label.toLowerCase();
    if (name.startsWith(wanted)) return 0;
    if (name.includes(wanted)) return 1;
    return words.toLowerCase().includes(wanted) ? 2 : -1;
  };
  return commands
    .map((command) => ({ command, rank: rank(command) }))
    .filter((each) => each.rank >= 0)
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, MOST)
    .map(({ command }) => command);
}
