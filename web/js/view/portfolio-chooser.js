import { byId, element, setText } from '../element.js';
import { text } from '../text.js';

/** The choice of a portfolio, and the terms on which its figures rest. */
export class PortfolioChooser {
  #box = byId('portfolio-choice');
  #select = byId('portfolio');
  #terms = byId('portfolio-terms');

  constructor(onChoose) {
    this.#select.addEventListener('change', () => onChoose(this.#select.value));
  }

  show(portfolios) {
    this.#select.replaceChildren(
      ...portfolios.map(({ id, name }) => {
        const option = element('option', '', name);
        option.value = id;
        return option;
      }),
    );
    this.#box.hidden = portfolios.length === 0;
    setText(this.#terms, '');
  }

  chosen({ id, baseCurrency, costMethod }) {
    this.#select.value = id;
    const method = text(`costMethod.${costMethod}`);
    setText(this.#terms, text('portfolioTerms', { currency: baseCurrency, costMethod: method }));
  }
}
