import { Api } from './api.js';
import { Backoff, pause } from './backoff.js';
import { localClockFace } from './clock-face.js';
import { Dashboard } from './dashboard.js';
import { byId, setText } from './element.js';
import { language } from './locale.js';
import { request } from './request.js';
import { Session, SignedOutError } from './session.js';
import { text, translate } from './text.js';
import { ConnectionView } from './view/connection.js';
import { HoldingsView } from './view/holdings.js';
import { SignInView } from './view/sign-in.js';
import { SummaryView } from './view/summary.js';
import { TickersView } from './view/tickers.js';

document.documentElement.lang = language;
translate(document);

const face = localClockFace();
const views = {
  connection: new ConnectionView(face),
  summary: new SummaryView(face),
  holdings: new HoldingsView(face),
  tickers: new TickersView(face),
};
const account = byId('account');
const signOutButton = byId('sign-out');

const session = new Session({
  storage: sessionStorage,
  onEnd: () => showSignIn(text('sessionEnded')),
});
const dashboard = new Dashboard({ api: new Api(session), session, storage: sessionStorage, views });
const signIn = new SignInView(async (email, password) => {
  await session.signIn(email, password);
  showDashboard();
});

function showSignIn(message) {
  dashboard.close();
  account.hidden = true;
  views.connection.show('signed-out');
  signIn.show(message);
}

function showDashboard() {
  signIn.hide();
  account.hidden = false;
  setText(byId('account-name'), session.user?.name ?? session.user?.email ?? '');
  byId('main').focus({ preventScroll: true });
  void dashboard.open();
}

signOutButton.addEventListener('click', async () => {
  signOutButton.disabled = true;
  const confirmed = await session.signOut();
  signOutButton.disabled = false;
  showSignIn(confirmed ? '' : text('signOutUnconfirmed'));
});

/** After a reload: goes on with the kept session, however long the server takes to answer. */
async function resume() {
  const backoff = new Backoff();
  const { signal } = new AbortController();
  while (session.kept) {
    try {
      await session.renew();
      showDashboard();
      return;
    } catch (error) {
      if (error instanceof SignedOutError) return;
      await pause(backoff.next(error.retryAfterMs), signal);
    }
  }
  showSignIn();
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
