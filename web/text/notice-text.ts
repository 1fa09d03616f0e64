import type { Notice } from '../api.ts';
import { text } from './text.ts';

/** The text of a stream's notice; `''` if it needs none, because the stream recovers at once or is over. */
export function noticeText(code: Notice['code']): string {
  switch (code) {
    case 'restored':
    // The connection's state shows it as long as it lasts.
    case 'feed-silent':
    case 'feed-live':
    case 'token-expired':
    case 'max-age':
      return '';
    default:
      return text(`notice.${code}`);
  }
}
