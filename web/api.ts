import { type Client, type components, createClient } from 'marktide/client';

type Schemas = components['schemas'];
export type Portfolio = Schemas['Portfolio'];
export type Pnl = Schemas['Pnl'];
export type Holdings = Schemas['Holdings'];
export type Holding = Schemas['Holding'];
export type Ticker = Schemas['Ticker'];
export type LedgerChange = Schemas['LedgerChange'];
export type ImportProgress = Schemas['ImportProgress'];
export type Notice = Schemas['Notice'];
export type Warning = Schemas['Warning'];
export type Me = Schemas['Me'];
export type User = Schemas['User'];
export type ListedTrade = Schemas['ListedTrade'];
export type Invitation = Schemas['Invitation'];
export type Decision = Schemas['ImportDecision'];
export type Performance = Schemas['Performance'];
export type Api = Client['api'];

/** The server that the page comes from, in the name of the session in its cookies. */
export function connect(onEnd: () => void): Client {
  return createClient({
    url: location.origin,
    login: { cookies: window, onEnd },
    // Asks each time, but lets an ETag save the body.
    fetch: (input, init) => fetch(input, { cache: 'no-cache', ...init }),
  });
}
