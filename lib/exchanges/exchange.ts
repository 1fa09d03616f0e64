/** A part of an exchange's credentials. */
export type CredentialField = 'apiKey' | 'secret' | 'passphrase';

export interface Exchange {
  name: string;
  credentials: readonly CredentialField[];
}

/** Exchanges whose accounts can be connected, by the id used in entries. */
export const EXCHANGES = {
  upbit: { name: 'Upbit', credentials: ['apiKey', 'secret'] },
  bithumb: { name: 'Bithumb', credentials: ['apiKey', 'secret'] },
  coinone: { name: 'Coinone', credentials: ['apiKey', 'secret'] },
  binance: { name: 'Binance', credentials: ['apiKey', 'secret'] },
  kraken: { name: 'Kraken', credentials: ['apiKey', 'secret'] },
} as const satisfies Record<string, Exchange>;

export type ExchangeId = keyof typeof EXCHANGES;
export const EXCHANGE_IDS = Object.keys(EXCHANGES).filter((id): id is ExchangeId =>
  Object.hasOwn(EXCHANGES, id),
);

/** Credentials as the user typed them: never part of a response, a log line or an error. */
export type Credentials = Partial<Record<CredentialField, string>>;
