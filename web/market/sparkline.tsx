import { useEffect, useRef } from 'preact/hooks';
import { HEIGHT, type Sparks, WIDTH } from './sparks.ts';

interface Props {
  symbol: string;
  sparks: Sparks;
}

/** A small line without axes. It repeats the figures beside it, so it is hidden from screen readers. */
export function Sparkline({ symbol, sparks }: Props) {
  const svg = useRef<SVGSVGElement>(null);
  const path = useRef<SVGPathElement>(null);
  useEffect(() => {
    if (svg.current === null || path.current === null) return undefined;
    sparks.add(symbol, { svg: svg.current, path: path.current });
    return () => sparks.remove(symbol);
  }, [symbol, sparks]);
  return (
    <svg
      ref={svg}
      class="spark"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path ref={path} />
    </svg>
  );
}
