/** Which of a PnL's warnings explain that a figure is not known. `subject`: an asset; left out: the whole portfolio. */
export function reasonOf(warnings, subject) {
  const unknown = warnings.filter(({ code }) => String(code).startsWith('missing-'));
  const own = subject === undefined ? unknown : unknown.filter((warning) => concerns(warning, subject));
  return own.slice(0, 2).map(describe).join(' · ');
}

/** A warning as one line. */
export function describe({ code, detail }) {
  return detail === undefined || detail === null || detail === '' ? String(code) : `${detail} (${code})`;
}

function concerns({ asset, assets, symbol }, subject) {
  return asset === subject || assets?.includes?.(subject) || symbol?.split?.('/')[0] === subject;
}
