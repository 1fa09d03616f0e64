import { useEffect, useRef } from 'preact/hooks';
import { text } from '../text/text.ts';
import type { Chart, ChartOptions, Columns } from './chart.ts';

type Plots = typeof import('./plots.ts');

interface Props {
  id: string;
  label: string;
  columns: Columns;
  options: (plots: Plots, series: number) => ReturnType<ChartOptions['options']>;
  /** When this changes, a new chart is created. */
  of: unknown;
  onRead: (index: number | null) => void;
  describe: (index: number) => string;
}

/** A chart, as a slider over its points. */
export function ChartView({ id, label, columns, options, of, onRead, describe }: Props) {
  const node = useRef<HTMLDivElement>(null);
  const chart = useRef<Chart | null>(null);
  // The chart outlives its first props.
  const given = useRef({ columns, options, onRead, describe });
  given.current = { columns, options, onRead, describe };

  useEffect(() => {
    let isGone = false;
    void import('./plots.ts').then((plots) => {
      if (isGone || node.current === null) return;
      chart.current = new plots.Chart(node.current, {
        options: (series) => given.current.options(plots, series),
        onRead: (index) => given.current.onRead(index),
        describe: (index) => given.current.describe(index),
      });
      chart.current.set(given.current.columns);
    });
    return () => {
      isGone = true;
      chart.current?.close();
      chart.current = null;
    };
  }, [of]);
  useEffect(() => chart.current?.set(columns), [columns]);

  return (
    <div
      id={id}
      class="chart"
      ref={node}
      role="slider"
      tabIndex={0}
      aria-label={label}
      aria-roledescription={text('chart')}
      aria-valuemin={0}
      aria-valuenow={0}
      aria-valuetext={text('noData')}
    />
  );
}
