import { AccountError, type Failure, type FailureCode } from '../../../lib/exchanges/account-failure.ts';
import { importCcxt, redirect } from '../../../lib/exchanges/ccxt.ts';
import type { ExchangeUrl } from '../../../lib/exchanges/exchange-url.ts';
import type { CredentialField, Credentials, ExchangeId } from '../../../lib/exchanges/exchange.ts';

/** The parts of a ccxt exchange in use, other than its implicit methods. */
interface CcxtExchange {
  urls: { api: unknown };
  options: Record<string, unknown>;
  has: Record<string, unknown>;
  quoteJsonNumbers: boolean;
  sign: (...request: unknown[]) => SignedRequest;
  nonce: () => number;
  /** Asks for the exchange's time and uses it for signing from then on. */
  loadTimeDifference: () => Promise<unknown>;
  milliseconds: () => number;
  handleErrors: (
    status: number,
    reason: string,
    url: string,
    method: string,
    headers: unknown,
    ...rest: unknown[]
  ) => unknown;
  /** Implicit methods. */
  [method: string]: unknown;
}

type CcxtClass = new (config: Record<string, unknown>) => CcxtExchange;

/** A request as ccxt is about to send it. */
export interface SignedRequest {
  url: string;
  method: string;
  body?: string | undefined;
  headers?: Record<string, string> | undefined;
}

/** How long a request may take. */
const REQUEST_MS = 20_000;

/** ccxt's names for credentials. */
const CONFIG_NAMES: Record<CredentialField, string> = {
  apiKey: 'apiKey',
  secret: 'secret',
  passphrase: 'password',
};

/** How an exchange has refused a request. */
export interface Refusal {
  /** `null` if there was no response. */
  status: number | null;
  /** The exchange's name or code of the error, from the body. */
  reason: string | null;
  /** The class of ccxt's error. */
  ccxt: string;
}

export interface ClientOptions {
  exchange: ExchangeId;
  credentials: Credentials;
  url: ExchangeUrl | null;
  /** The name or code of an error in a body that was parsed as JSON. */
  reasonOf: (body: unknown) => string | null;
  /** Endpoints that ccxt does not know, in its own notation: they become implicit methods. */
  endpoints?: object;
  /** Whether each request needs a higher nonce: ccxt takes the time, which two may share. */
  hasRisingNonce?: boolean;
  /** Corrects what ccxt signs wrongly. */
  resign?: (request: SignedRequest) => SignedRequest;
  /** The meaning of a refusal at this exchange; `null` to use the rules for all exchanges. */
  classify: (refusal: Refusal) => FailureCode | null;
}

/**
 * Sends signed requests through ccxt's implicit methods, which respect the exchange's rate limits. Failures
 * are classified by status and code, because ccxt's classes differ between exchanges and its messages hold
 * what was sent.
 */
export class CcxtClient {
  readonly #exchange: CcxtExchange;
  readonly #options: ClientOptions;
  #last: Promise<unknown> = Promise.resolve();
  #status: number | null = null;
  #headers: Record<string, string> = {};
  #body: unknown = null;

  private constructor(exchange: CcxtExchange, options: ClientOptions) {
    this.#exchange = exchange;
    this.#options = options;
    const handle = exchange.handleErrors.bind(exchange);
    exchange.handleErrors = (status, reason, url, method, headers, ...rest) => {
      this.#status = status;
      this.#headers = headersOf(headers);
      [this.#body] = rest;
      return handle(status, reason, url, method, headers, ...rest);
    };
  }

  /** @throws AccountError `ccxt-missing` */
  static async open(options: ClientOptions): Promise<CcxtClient> {
    const Class = await loadClass(options.exchange);
    const { credentials, url } = options;
    const given = Object.entries(credentials).map(([field, value]) => [
      CONFIG_NAMES[field as CredentialField],
      value,
    ]);
    const exchange = new Class({
      ...Object.fromEntries(given),
      enableRateLimit: url?.isPaced !== false,
      timeout: REQUEST_MS,
      ...(options.endpoints === undefined ? {} : { api: options.endpoints }),
    });
    // Keeps digits exactly, which doubles would not.
    exchange.quoteJsonNumbers = true;
    if (url !== null) exchange.urls.api = redirect(exchange.urls.api, { ws: null, rest: url.base });
    if (options.hasRisingNonce === true) {
      const nonce = exchange.nonce.bind(exchange);
      let last = 0;
      exchange.nonce = () => (last = Math.max(nonce(), last + 1));
    }
    const { resign } = options;
    if (resign !== undefined) {
      const sign = exchange.sign.bind(exchange);
      exchange.sign = (...request) => resign(sign(...request));
    }
    return new CcxtClient(exchange, options);
  }

  /**
   * @param method of ccxt: `privateGetAccounts`
   * @returns the body
   * @throws AccountError
   */
  call(method: string, params: Record<string, string | number> = {}): Promise<unknown> {
    // One at a time: the status of a failure is kept in a single field.
    const answered = this.#last.then(() => this.#send(method, params));
    this.#last = answered.catch(() => undefined);
    return answered;
  }

  /** Epoch milliseconds by the exchange's clock, once `setClock` was called. */
  now(): number {
    const ahead = Number(this.#exchange.options['timeDifference'] ?? 0);
    return this.#exchange.milliseconds() - (Number.isFinite(ahead) ? ahead : 0);
  }

  /**
   * Asks for the exchange's time and uses it for signing from then on.
   * @throws AccountError
   */
  async setClock(): Promise<void> {
    try {
      await this.#exchange.loadTimeDifference();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async #send(method: string, params: Record<string, string | number>): Promise<unknown> {
    const implicit = this.#exchange[method];
    if (!isMethod(implicit)) throw new AccountError({ code: 'ccxt-missing', reason: method });
    this.#forget();
    try {
      return await implicit.call(this.#exchange, params);
    } catch (error) {
      const failed = this.#failure(error);
      if (failed.failure.code !== 'clock-skewed' || this.#exchange.has['fetchTime'] !== true) throw failed;
      return await this.#sendByItsClock(implicit, params);
    }
  }

  /** Sends the request again by the exchange's clock. */
  async #sendByItsClock(method: ImplicitMethod, params: Record<string, string | number>): Promise<unknown> {
    await this.setClock();
    try {
      this.#forget();
      return await method.call(this.#exchange, params);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #forget(): void {
    this.#status = null;
    this.#headers = {};
    this.#body = null;
  }

  #failure(error: unknown): AccountError {
    const status = this.#status;
    const ccxt = error instanceof Error ? error.constructor.name : '';
    const reason = plainReason(this.#options.reasonOf(parsed(this.#body)));
    const refusal = { status, reason, ccxt };
    const code = this.#options.classify(refusal) ?? generalCode(refusal);
    const retryAfter = Number(this.#headers['retry-after']);
    const failure: Failure = { code, reason: reason ?? (status === null ? undefined : `HTTP.${status}`) };
    if (retryAfter > 0 && retryAfter < 30 * 86_400) failure.retryAfterMs = retryAfter * 1_000;
    return new AccountError(failure);
  }
}

type ImplicitMethod = (params: object) => Promise<unknown>;

function isMethod(value: unknown): value is ImplicitMethod {
  return typeof value === 'function';
}

function generalCode({ status, ccxt }: Refusal): FailureCode {
  if (status === 418) return 'banned';
  if (status === 429 || ccxt === 'RateLimitExceeded' || ccxt === 'DDoSProtection') return 'rate-limited';
  if (ccxt === 'OnMaintenance') return 'maintenance';
  if (ccxt === 'PermissionDenied') return 'permission-missing';
  if (ccxt === 'AuthenticationError' || status === 401) return 'key-rejected';
  if (ccxt === 'InvalidNonce') return 'clock-skewed';
  if (status === null || status >= 500) return 'unreachable';
  return 'exchange-error';
}

/** Parses the body, because ccxt's description of it differs between exchanges. */
function parsed(body: unknown): unknown {
  if (typeof body !== 'string') return null;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return null;
  }
}

/** Only a name or a number: an exchange's texts may repeat what was sent. */
function plainReason(reason: string | null): string | null {
  return reason !== null && /^[\w.:-]{1,60}$/.test(reason) ? reason : null;
}

function headersOf(headers: unknown): Record<string, string> {
  if (typeof headers !== 'object' || headers === null) return {};
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}

async function loadClass(id: ExchangeId): Promise<CcxtClass> {
  try {
    const ccxt = (await importCcxt()) as Record<string, unknown>;
    const Class = ccxt[id] ?? (ccxt['default'] as Record<string, unknown> | undefined)?.[id];
    if (typeof Class === 'function') return Class as CcxtClass;
  } catch {
    // Not installed.
  }
  throw new AccountError({ code: 'ccxt-missing' });
}
