import type { ExchangeAccount } from '../api.ts';
import type { ClockFace } from '../figures/clock-face.ts';
import { text } from '../text/text.ts';

/** What an account is doing. */
export function phaseInWords(
  { paused, phase, readUntil, nextTryAt }: ExchangeAccount,
  face: ClockFace,
): string {
  if (paused) return text('account.paused');
  if (phase === 'reading' && readUntil !== null) {
    return text('account.readingUntil', { day: face.day(readUntil) });
  }
  if (phase === 'failing' && nextTryAt !== null) {
    return text('account.failing', { time: face.time(nextTryAt) });
  }
  return text(phase === 'failing' ? 'account.failingNow' : `account.${phase}`);
}

/** Whether its balances agree with the exchange. */
export function agreementInWords({ reconciled, reconciledAt }: ExchangeAccount, face: ClockFace): string {
  if (reconciledAt === null) return text('account.notCompared');
  const time = face.time(reconciledAt);
  if (reconciled === null) return text('account.checking', { time });
  return text(reconciled ? 'account.agrees' : 'account.differs', { time });
}

/** What its owner should know about its key; `''` if nothing. */
export function keyInWords(
  { permissions, keyExpiresAt, keyExpiresSoon }: ExchangeAccount,
  face: ClockFace,
): string {
  const words: string[] = [];
  if (permissions?.trade === true || permissions?.withdraw === true) words.push(text('account.keyMayTrade'));
  if (keyExpiresAt !== null && keyExpiresSoon) {
    words.push(text('account.keyExpiresSoon', { time: face.minute(keyExpiresAt) }));
  }
  return words.join(' ');
}
