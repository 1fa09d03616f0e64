/** RFC 9110 asks every server and proxy to support 8,000 bytes, and many support no more than 8 KiB. */
export const MAX_URL_BYTES = 8_000;
/** URL and headers together. */
export const MAX_HEAD_BYTES = 16 * 1024;

export const SHORTER_URL =
  'For a long list of channels, make a subscription with `POST /v1/streams/subscriptions` and open the stream by its id.';
