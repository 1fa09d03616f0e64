/**
 * National currencies that exchanges support. Former ones are left out, because coins use some of their
 * codes.
 */
const MONEY = new Set(
  'AED ARS AUD BRL CAD CHF CZK DKK EUR GBP HKD IDR INR JPY KRW MXN NOK NZD PHP PLN SEK SGD THB TRY TWD UAH USD VND ZAR'.split(
    ' ',
  ),
);

export function isMoney(asset: string): boolean {
  return MONEY.has(asset);
}
