import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, type Registry } from 'prom-client';

/**
 * Memory, CPU time and event loop delay, under the names of prom-client's default metrics. Those metrics would leave an
 * observer of garbage collection running that cannot be stopped.
 * @returns a function that stops measuring
 */
export function measureProcess(registry: Registry): () => void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  counter('process_cpu_user_seconds_total', 'User time.', () => process.cpuUsage().user / 1e6);
  counter('process_cpu_system_seconds_total', 'System time.', () => process.cpuUsage().system / 1e6);
  const memory = (): NodeJS.MemoryUsage => process.memoryUsage();
  gauge('process_resident_memory_bytes', 'Resident memory.', () => memory().rss);
  gauge('nodejs_heap_size_used_bytes', 'Heap in use.', () => memory().heapUsed);
  gauge('nodejs_heap_size_total_bytes', 'Heap.', () => memory().heapTotal);
  gauge('nodejs_external_memory_bytes', 'Memory outside the heap.', () => memory().external);
  gauge('process_start_time_seconds', 'Start of the process, Unix time.', () =>
    Math.round(performance.timeOrigin / 1000),
  );

  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const lag = (name: string, read: () => number): void =>
    gauge(`nodejs_eventloop_lag_${name}_seconds`, `Event loop delay since the last scrape: ${name}.`, () =>
      // Nothing has been measured yet if one scrape follows another at once.
      delay.count === 0 ? 0 : read() / 1e9,
    );
  lag('p50', () => delay.percentile(50));
  lag('p99', () => delay.percentile(99));
  lag('max', () => {
    const { max } = delay;
    // This one is read last: the next scrape starts from zero.
    delay.reset();
    return max;
  });
  return () => void delay.disable();
}
