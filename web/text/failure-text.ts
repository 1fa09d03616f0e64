import type { ExchangeAccount } from '../api.ts';
import { isTextKey, text } from './text.ts';

type FailureCode = NonNullable<ExchangeAccount['failure']>['code'];

function isFailureCode(code: string): code is FailureCode {
  return isTextKey(`failure.${code}`);
}

/** Why an account at an exchange cannot be read, by the code of the failure; `''` for any other code. */
export function failureText(code: string | undefined): string {
  return code !== undefined && isFailureCode(code) ? text(`failure.${code}`) : '';
}
