import { Api } from './api.js';
import { Backoff, pause } from './backoff.js';
import { localClockFace } from './clock-face.js';
import { Dashboard } from './dashboard.js';
import { byId, setMessage, setText } from './element.js';
import { chooseLanguage, language } from './locale.js';
import { CurvePanel } from './panel/curve.js';
import { DaysPanel } from './panel/days.js';
import { ImportPanel } from './panel/import.js';
import { Sparks } from './panel/sparks.js';
import { TradesPanel } from './panel/trades.js';
import { request } from './request.js';
import { chooseScheme } from './scheme.js';
import { Session, SignedOutError } from './session.js';
import { text, translate } from './text.js';
import { ConnectionView } from './view/connection.js';
import { HoldingsView } from './view/holdings.js';
import { SignInView } from './view/sign-in.js';
import { SummaryView } from './view/summary.js';
import { TickersView } from './view/tickers.js';

document.documentElement.lang = language;
translate(document);
chooseScheme(byId('scheme'));
for (const link of document.querySelectorAll('[data-language]')) chooseLanguage(link);

const account = byId('account');
const message = byId('page-message');
const signOutButton = byId('sign-out');
const session = new Session({
  storage: localStorage,
  onEnd: (why) => showSignIn(text(`session.${why}`)),
  onChange: () => void resume(),
});
const api = new Api(session);
const face = localClockFace();
const sparks = new Sparks(api);
const views = {
  connection: new ConnectionView(face),
  summary: new SummaryView(face),
  holdings: new HoldingsView(face),
  tickers: new TickersView(face, sparks),
};
const panels = [
  new CurvePanel(api, face),
  new DaysPanel(api, face),
  new TradesPanel(api, face),
  new ImportPanel(api),
];
const dashboard = new Dashboard({ api, views, panels, sparks });
const signIn = new SignInView(async (email, password) => {
  await session.signIn(email, password);
  showDashboard();
});

function showSignIn(why) {
  dashboard.close();
  account.hidden = true;
  views.connection.show('signed-out');
  signIn.show(why);
}

function showDashboard() {
  signIn.hide();
  account.hidden = false;
  setText(byId('account-name'), session.user?.name ?? session.user?.email ?? '');
  byId('main').focus({ preventScroll: true });
  void dashboard.open(session.user);
}

signOutButton.addEventListener('click', async () => {
  signOutButton.disabled = true;
  const confirmed = await session.signOut();
  signOutButton.disabled = false;
  showSignIn(confirmed ? '' : text('signOutUnconfirmed'));
});

let life = new AbortController();

/** Goes on with the session that the cookies hold, however long the server takes to answer. */
async function resume() {
  life.abort();
  life = new AbortController();
  const { signal } = life;
  const backoff = new Backoff();
  while (session.kept && !signal.aborted) {
    try {
      await session.resume();
      setMessage(message, '');
      if (!signal.aborted) showDashboard();
      return;
    } catch (error) {
      if (error instanceof SignedOutError) break;
      setMessage(message, error.status === 0 ? text('unreachable') : error.message);
      await pause(backoff.next(error.retryAfterMs), signal);
    }
  }
  if (!signal.aborted) showSignIn();
}

async function offerDemo() {
  try {
    const { demo } = await request('GET', '/healthz');
    if (demo) signIn.offerDemo(demo);
  } catch {
    // Without an answer there is no demo to offer; signing in will say what is wrong.
  }
}

views.connection.show('connecting');
void offerDemo();
void resume();
