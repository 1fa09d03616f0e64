import { byId, setMessage } from '../element.js';
import { text } from '../text.js';

/** The sign-in form. `onSubmit(email, password)` signs in, or throws a RequestError. */
export class SignInView {
  #section = byId('sign-in');
  #form = byId('sign-in-form');
  #message = byId('sign-in-message');
  #email = byId('email');
  #password = byId('password');
  #demoNote = byId('demo-note');
  #demo = null;
  #onSubmit;

  constructor(onSubmit) {
    this.#onSubmit = onSubmit;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#submit();
    });
    this.#email.addEventListener('input', () => this.#noteDemo());
  }

  /** The login that the server offers to everyone; does not overwrite what was typed. */
  offerDemo(demo) {
    this.#demo = demo;
    const untouched = this.#email.value === '' || this.#email.value === demo.email;
    if (untouched && this.#password.value === '') {
      this.#email.value = demo.email;
      this.#password.value = demo.password;
    }
    this.#noteDemo();
  }

  show(message = '') {
    this.#section.hidden = false;
    setMessage(this.#message, message);
    if (this.#demo !== null) this.offerDemo(this.#demo);
    if (message === '') this.#email.focus();
    else this.#message.focus();
  }

  hide() {
    this.#section.hidden = true;
    this.#password.value = '';
  }

  #noteDemo() {
    this.#demoNote.hidden = this.#demo === null || this.#email.value !== this.#demo.email;
  }

  async #submit() {
    const button = this.#form.querySelector('button');
    button.disabled = true;
    try {
      await this.#onSubmit(this.#email.value, this.#password.value);
    } catch (error) {
      this.show(reason(error));
    } finally {
      button.disabled = false;
    }
  }
}

function reason(error) {
  if (error.status === 401) return text('signInRefused');
  if (error.status === 429) return text('tooManyRequests');
  if (error.status === 0) return text('unreachableNow');
  return error.message;
}
