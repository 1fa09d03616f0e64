/**
 * Loads what a part of the page imports together with it; otherwise the browser would discover it a round
 * trip later. The build lists it in the HTML.
 */
export function preloadShared(part: string): void {
  const list = document.querySelector<HTMLMetaElement>(`meta[name="${part}"]`)?.content ?? '';
  for (const href of list.split(' ').filter((path) => path !== '')) {
    const link = document.createElement('link');
    link.rel = 'modulepreload';
    link.href = href;
    document.head.append(link);
  }
}
