import { useScheme } from './palette.js';

const KEPT = 'marktide.scheme';

/** Lets the reader choose light or dark; without a choice it is what the system prefers. */
export function chooseScheme(select) {
  const kept = localStorage.getItem(KEPT) ?? '';
  select.value = kept;
  useScheme(kept);
  select.addEventListener('change', () => {
    localStorage.setItem(KEPT, select.value);
    useScheme(select.value);
  });
}
