/**
 * National currencies that exchanges support. Former ones are left out, because coins use some of their
 * codes.
 */
const FIAT = new Set(
  'AED ARS AUD BRL CAD CHF CZK DKK EUR GBP HKD IDR INR JPY KRW MXN NOK NZD PHP PLN SEK SGD THB TRY TWD UAH USD VND ZAR'.split(
    ' ',
  ),
);

/** Whether an asset is a national currency. */
export function isFiat(asset: string): boolean {
  return FIAT.has(asset);
}
