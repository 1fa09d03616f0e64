/** Filled in by the build: the name of this version, and the paths of its files. */
declare const VERSION: string;
declare const FILES: readonly string[];

declare const self: ServiceWorkerGlobalScope;

const { scope } = self.registration;
/** Pages of other servers may be under other paths of the origin, and their caches with them. */
const OWN = `marktide ${scope} `;
const CACHE = OWN + VERSION;
// Responses vary by headers that differ between requests, but not in content.
const KEPT = { cacheName: CACHE, ignoreVary: true };
const PAGE = new URL('./', scope).href;
const OWN_FILES = FILES.map((path) => new URL(path, scope).href);

async function keep(): Promise<void> {
  const cache = await caches.open(CACHE);
  await cache.addAll([PAGE, ...OWN_FILES]);
}

async function dropOthers(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(
    names.filter((name) => name.startsWith(OWN) && name !== CACHE).map((name) => caches.delete(name)),
  );
}

/** The newest page, or the stored one if there is no network. */
async function page(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await caches.match(PAGE, KEPT);
    if (kept === undefined) throw error;
    return kept;
  }
}

/** Names follow contents, so a stored file is never out of date. */
async function asset(request: Request): Promise<Response> {
  return (await caches.match(request, KEPT)) ?? fetch(request);
}

self.addEventListener('install', (event) => event.waitUntil(keep()));
self.addEventListener('activate', (event) => event.waitUntil(dropOthers()));
// API responses are never stored: a cached figure would look current.
self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = request.url.split(/[?#]/)[0] ?? '';
  if (request.method !== 'GET') return;
  if (request.mode === 'navigate' && url === PAGE) event.respondWith(page(request));
  else if (OWN_FILES.includes(url)) event.respondWith(asset(request));
});
