/**
 * Stores the files of the page for when there is no network. Browsers allow that on secure pages only;
 * elsewhere the page needs its server.
 */
export function registerWorker(): void {
  if (!('serviceWorker' in navigator)) return;
  navigator.serviceWorker.register('worker.js').catch(() => undefined);
}
