import { Worker } from 'node:worker_threads';

/**
 * Starts a worker thread from a file beside the caller's, in whatever form the program runs.
 * @param caller `import.meta.url`
 * @param name without its extension: `./exchange-worker`
 */
export function startWorker(caller: string, name: string): Worker {
  if (!caller.endsWith('.ts')) return new Worker(new URL(`${name}.js`, caller));
  // Sources: Node 20 does not hand its loader down to worker threads.
  const file = JSON.stringify(new URL(`${name}.ts`, caller).href);
  return new Worker(`import('tsx/esm/api').then(({ register }) => { register(); return import(${file}); })`, {
    eval: true,
  });
}
