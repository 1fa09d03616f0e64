import { signal } from '@preact/signals';

const KEPT = 'marktide.digits';

/** Whether figures are shown with every digit instead of rounded: the reader's choice. */
export const allDigits = signal(localStorage.getItem(KEPT) === 'all');

export function showAllDigits(isOn: boolean): void {
  if (isOn) localStorage.setItem(KEPT, 'all');
  else localStorage.removeItem(KEPT);
  allDigits.value = isOn;
}
