import { signal } from '@preact/signals';
import { useScheme } from './palette.ts';

const SCHEME = 'marktide.scheme';

/** The colours chosen at the last visit; `''` to follow the system. */
const chosen = signal(localStorage.getItem(SCHEME) ?? '');

export function keptScheme(): string {
  return chosen.value;
}

export function chooseScheme(scheme: string): void {
  localStorage.setItem(SCHEME, scheme);
  chosen.value = scheme;
  useScheme(scheme);
}
