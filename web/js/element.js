/** A new element with a class and text or child nodes. */
export function element(tag, className = '', ...children) {
  const node = document.createElement(tag);
  if (className !== '') node.className = className;
  node.append(...children);
  return node;
}

/** The element with an id, which the page is known to have. */
export function byId(id) {
  const node = document.getElementById(id);
  if (node === null) throw new Error(`the page has no #${id}`);
  return node;
}

/** Changes text only if it is another one: a table of live figures writes far more often than its text changes. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A message, or none (`''`: hidden). */
export function setMessage(node, text) {
  setText(node, text);
  node.hidden = text === '';
}
