import { Counter, type Registry } from 'prom-client';
import type { CacheObserver, Outcome } from './answer-cache.ts';
import { CACHE_KINDS, type CacheKind } from './cached-answer.ts';

/** Metrics of the cache: its hit rate is `hit` divided by all outcomes. */
export class CacheMetrics implements CacheObserver {
  readonly #answers: Counter<'kind' | 'outcome'>;
  readonly #made: Counter<'kind'>;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#answers = new Counter({
      name: 'marktide_cache_answers_total',
      help: 'Answers by outcome, as in X-Cache.',
      labelNames: ['kind', 'outcome'],
      registers,
    });
    this.#made = new Counter({
      name: 'marktide_cache_made_total',
      help: 'Answers that this process has made for the cache.',
      labelNames: ['kind'],
      registers,
    });
    for (const kind of CACHE_KINDS) {
      for (const outcome of ['hit', 'miss', 'stale'] as const) this.#answers.inc({ kind, outcome }, 0);
      this.#made.inc({ kind }, 0);
    }
  }

  answered(kind: CacheKind, outcome: Outcome): void {
    this.#answers.inc({ kind, outcome });
  }

  made(kind: CacheKind): void {
    this.#made.inc({ kind });
  }
}
