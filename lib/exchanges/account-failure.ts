import { EXCHANGES, type ExchangeId } from './exchange.ts';

/** Why an account cannot be read at the moment. */
export const FAILURE_CODES = [
  'key-rejected',
  'key-expired',
  'address-not-allowed',
  'permission-missing',
  'trading-key',
  'clock-skewed',
  'rate-limited',
  'banned',
  'maintenance',
  'unreachable',
  'exchange-error',
  'unreadable-answer',
  'ccxt-missing',
  'secrets-key-missing',
  'internal-error',
] as const;
export type FailureCode = (typeof FAILURE_CODES)[number];

/** Failures that only the user can resolve: the account waits for a new key or a click. */
export const FINAL_FAILURES: ReadonlySet<FailureCode> = new Set([
  'key-rejected',
  'key-expired',
  'permission-missing',
  'trading-key',
]);

export interface Failure {
  code: FailureCode;
  /** The exchange's code: letters, digits and `._-` only, so that it cannot contain any part of a request. */
  reason?: string | undefined;
  /** For `permission-missing`: the permission that the key lacks. */
  permission?: string | undefined;
  /** How long the exchange asks to wait, in milliseconds. */
  retryAfterMs?: number | undefined;
}

/** An account cannot be read. The message is for logs. */
export class AccountError extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.reason === undefined ? failure.code : `${failure.code} (${failure.reason})`);
    this.name = 'AccountError';
    this.failure = failure;
  }
}

/** What happened and what to do about it, for a person. */
export function failureDetail(exchange: ExchangeId, { code, permission, reason }: Failure): string {
  const { name } = EXCHANGES[exchange];
  const said = reason === undefined ? '' : ` It calls this ${reason}.`;
  switch (code) {
    case 'key-rejected':
      if (exchange === 'binance' && reason === '-2015')
        return 'Binance does not accept the API key, or not from the address of this server, or the key lacks a permission: it says -2015 for all of them. Check the key there, or create a new one and enter it here.';
      return `${name} does not accept the API key.${said} Create a new one there and enter it here.`;
    case 'key-expired':
      return `The API key has expired. Create a new one at ${name} and enter it here.`;
    case 'address-not-allowed':
      return `${name} does not accept requests from the address of this server. Add the address to the API key's list.`;
    case 'permission-missing':
      return `The API key lacks a permission${permission === undefined ? '' : `: ${permission}`}. Create one that has it at ${name}, and enter it here.`;
    case 'trading-key':
      return `The API key may trade or withdraw. Create one at ${name} that can only read, or allow this one with \`allowTradingKey\`.`;
    case 'clock-skewed':
      return `${name} says that the clock of this server is wrong. Set it by NTP.`;
    case 'rate-limited':
      return `${name} asks for fewer requests.`;
    case 'banned':
      return `${name} has blocked this server for a while because of too many requests.`;
    case 'maintenance':
      return `${name} is under maintenance.`;
    case 'unreachable':
      return `${name} cannot be reached.`;
    case 'unreadable-answer':
      return `${name} has sent something that cannot be read. Nothing of it was booked.`;
    case 'ccxt-missing':
      return 'The optional package ccxt is not installed on the server, so exchanges cannot be reached. Run "npm ci --include=optional".';
    case 'secrets-key-missing':
      return 'The API key was encrypted under another key than `SECRETS_KEY`. Restore that key, or enter the API key again.';
    case 'internal-error':
      return 'The server failed.';
    default:
      return `${name} has answered with an error.${said}`;
  }
}
