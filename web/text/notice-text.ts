import type { Notice } from '../api.ts';
import { text } from './text.ts';

/** What a stream says of itself; `''` for what needs no words, as it mends itself at once or is over. */
export function noticeText(code: Notice['code']): string {
  switch (code) {
    case 'restored':
    case 'token-expired':
    case 'max-age':
      return '';
    default:
      return text(`notice.${code}`);
  }
}
