const CHANGED = 'palette';
const target = new EventTarget();

/** Resolves a colour of the theme for use on a canvas; the value of a custom property is only text. */
export function colour(name: string, alpha = 1): string {
  const probe = document.createElement('span');
  probe.style.color = `color-mix(in srgb, var(--${name}) ${alpha * 100}%, transparent)`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

/** Calls `listener` whenever the colours change, until the signal aborts. */
export function onPalette(listener: () => void, signal: AbortSignal): void {
  target.addEventListener(CHANGED, listener, { signal });
}

/** `light`, `dark`, or `''` for what the system prefers. */
export function useScheme(scheme: string): void {
  if (scheme === '') delete document.documentElement.dataset['scheme'];
  else document.documentElement.dataset['scheme'] = scheme;
  target.dispatchEvent(new Event(CHANGED));
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  target.dispatchEvent(new Event(CHANGED));
});
