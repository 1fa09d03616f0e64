import { element, setText } from './element.js';
import { sign } from './number.js';
import { text } from './text.js';

const DIRECTION = { '-1': 'down', 0: '', 1: 'up' };

/**
 * Shows a decimal text, with every digit in the tooltip. What cannot be known (`null`) is a dash that says so, never
 * a 0. `tinted`: red and green by its sign.
 */
export function showFigure(node, value, format, { tinted = false, why = '' } = {}) {
  const known = value !== null && value !== undefined;
  node.classList.remove('up', 'down');
  if (known) {
    setText(node, format(value));
    node.title = value;
    node.removeAttribute('aria-label');
    const direction = tinted ? DIRECTION[sign(value)] : '';
    if (direction !== '') node.classList.add(direction);
    return;
  }
  const reason = why === '' ? text('unknown') : why;
  setText(node, '—');
  node.title = reason;
  node.setAttribute('aria-label', reason);
}

/** A figure with a second one below it, as one node: `first` and `second` are to be filled with `showFigure`. */
export function figurePair() {
  const first = element('span');
  const second = element('small');
  return { first, second, nodes: [first, second] };
}
