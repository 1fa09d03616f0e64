import { byId, element, setMessage } from '../element.js';
import { request } from '../request.js';
import { text } from '../text.js';

/** Portfolios that others offer to share, each with its answers. */
export class InvitationsView {
  #api;
  #onAccept;
  #box = byId('invitations');
  #list = byId('invitation-list');
  #message = byId('invitations-message');

  constructor(api, onAccept) {
    this.#api = api;
    this.#onAccept = onAccept;
  }

  async open(signal) {
    let items = [];
    try {
      ({ items } = await this.#api.get('/v1/invitations', { signal }));
    } catch {
      // The page works without them, and asks again when it is opened the next time.
    }
    if (signal.aborted) return;
    this.#list.replaceChildren(...items.map((invitation) => this.#item(invitation, signal)));
    setMessage(this.#message, '');
    this.#box.hidden = items.length === 0;
  }

  close() {
    this.#list.replaceChildren();
    this.#box.hidden = true;
  }

  #item({ portfolioId, portfolioName, access, from }, signal) {
    const offer = text(`invitation.${access}`, { from: from.name ?? from.email, portfolio: portfolioName });
    const item = element('li', 'heading', element('span', '', offer));
    item.dataset.portfolio = portfolioId;
    const path = `/v1/invitations/${portfolioId}`;
    const button = (name, className, method, at) => {
      const node = element('button', className, text(name));
      node.type = 'button';
      node.name = name;
      node.addEventListener('click', () => void this.#answer(item, name, () => request(method, at), signal));
      return node;
    };
    item.append(button('accept', 'primary', 'POST', `${path}/accept`), button('decline', '', 'DELETE', path));
    return item;
  }

  async #answer(item, name, send, signal) {
    const buttons = [...item.querySelectorAll('button')];
    for (const button of buttons) button.disabled = true;
    try {
      await this.#api.renewing(send);
    } catch (error) {
      if (signal.aborted) return;
      for (const button of buttons) button.disabled = false;
      setMessage(this.#message, error.status === 0 ? text('unreachableNow') : error.message);
      return;
    }
    if (signal.aborted) return;
    item.remove();
    setMessage(this.#message, '');
    this.#box.hidden = this.#list.children.length === 0;
    if (name === 'accept') this.#onAccept(item.dataset.portfolio);
  }
}
