const SVG = 'http://www.w3.org/2000/svg';
const WIDTH = 100;
const HEIGHT = 24;

/** A small line without axes. It repeats what the figures beside it say, and is hidden from screen readers. */
export function sparkline() {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('class', 'spark');
  svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  svg.append(path);
  return svg;
}

/** Draws `[time, value]` points, evenly by time. Doubles will do: it is a matter of pixels. */
export function drawSparkline(svg, points) {
  const path = svg.firstElementChild;
  if (points.length < 2) {
    path.setAttribute('d', '');
    return;
  }
  const [first] = points;
  const last = points.at(-1);
  const values = points.map(([, value]) => value);
  const low = Math.min(...values);
  const height = Math.max(...values) - low || 1;
  const width = last[0] - first[0] || 1;
  const place = ([time, value]) => {
    const x = ((time - first[0]) / width) * WIDTH;
    const y = HEIGHT - 2 - ((value - low) / height) * (HEIGHT - 4);
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  path.setAttribute('d', `M${points.map(place).join('L')}`);
  svg.classList.toggle('up', last[1] > first[1]);
  svg.classList.toggle('down', last[1] < first[1]);
}
