import { orderBody, UpbitAccounts } from './upbit-accounts.ts';

/**
 * A server with the private REST API of Bithumb, as documented: as Upbit's, but closed orders are listed by state, in pages,
 * and won has lists of its own.
 */
export class BithumbAccounts extends UpbitAccounts {
  protected override get streamPath(): string {
    return '/websocket/v2/private';
  }

  protected override body(path: string, query: URLSearchParams): unknown {
    switch (path) {
      case '/v1/orders':
        return this.page(
          [...this.orders.values()]
            .filter(({ state }) => state === query.get('state'))
            .sort((a, b) => (query.get('order_by') === 'asc' ? a.created - b.created : b.created - a.created))
            .map(orderBody),
          query,
        );
      case '/v1/deposits':
        return this.moved('deposit', query, (currency) => currency !== 'KRW');
      case '/v1/deposits/krw':
        return this.moved('deposit', query, (currency) => currency === 'KRW');
      case '/v1/withdraws':
        return this.moved('withdraw', query, (currency) => currency !== 'KRW');
      case '/v1/withdraws/krw':
        return this.moved('withdraw', query, (currency) => currency === 'KRW');
      case '/v1/orders/open':
      case '/v1/orders/closed':
        return null;
      default:
        return super.body(path, query);
    }
  }
}
