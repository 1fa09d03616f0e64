import { byId, element, setMessage, setText } from '../element.js';
import { exact } from '../number.js';
import { headersOf, refusal } from '../request.js';
import { text } from '../text.js';

const ROWS_SHOWN = 200;
const OUTCOMES = ['accepted', 'duplicates', 'rejected', 'ignored'];

/** The dialog that imports a CSV file: sends it, shows how far it is, and what became of its rows. */
export class ImportPanel {
  #api;
  #open = byId('import-open');
  #dialog = byId('import');
  #form = byId('import-form');
  #file = byId('import-file');
  #skip = byId('import-skip');
  #check = byId('import-check');
  #book = byId('import-book');
  #progress = byId('import-progress');
  #bar = byId('import-bar');
  #phase = byId('import-phase');
  #message = byId('import-message');
  #report = byId('import-report');
  #rows = byId('import-rows');
  #portfolio = null;
  #importId = null;
  #life = null;

  constructor(api) {
    this.#api = api;
    this.#open.addEventListener('click', () => {
      this.#clear();
      this.#dialog.showModal();
    });
    byId('import-close').addEventListener('click', () => this.#dialog.close());
    this.#file.addEventListener('change', () => this.#clear());
    this.#check.addEventListener('click', () => {
      if (this.#form.reportValidity()) void this.#send({ dryRun: true });
    });
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#send({ dryRun: false });
    });
  }

  useClockFace() {}

  open(portfolio) {
    this.close();
    this.#portfolio = portfolio;
    this.#open.hidden = portfolio.access === 'read';
  }

  close() {
    this.#life?.abort();
    this.#portfolio = null;
    // Until there is one again: a dialog opened before would be closed under the user's hands.
    this.#open.hidden = true;
    this.#dialog.close();
  }

  refresh() {}

  /** How far an import has got, from the `imports:` channel. */
  progress(body) {
    if (body.importId !== this.#importId) return;
    const { phase, bytes, rows, booked, toBook } = body;
    const counts = { rows, booked, toBook };
    const shown = Object.entries(counts).map(([name, count]) => [name, exact(String(count))]);
    setText(this.#phase, text(`phase.${phase}`, Object.fromEntries(shown)));
    this.#progress.dataset.phase = phase;
    // Reading and booking take about as long as each other.
    if (phase === 'reading' && bytes.total > 0) this.#bar.value = (bytes.read / bytes.total) * 0.5;
    if (phase === 'booking' && toBook > 0) this.#bar.value = 0.5 + (booked / toBook) * 0.5;
    if (phase === 'done') this.#bar.value = 1;
    if (phase === 'failed') this.#bar.value = 0;
  }

  #clear() {
    this.#importId = null;
    this.#progress.hidden = true;
    delete this.#progress.dataset.phase;
    this.#report.hidden = true;
    setMessage(this.#message, '');
  }

  async #send({ dryRun }) {
    this.#clear();
    const life = new AbortController();
    this.#life = life;
    const importId = newUuid();
    this.#importId = importId;
    this.#progress.hidden = false;
    this.#bar.removeAttribute('value');
    setText(this.#phase, text('phase.sending'));
    for (const button of [this.#check, this.#book]) button.disabled = true;
    const query = new URLSearchParams({ importId, dryRun, skipRejected: this.#skip.checked });
    const path = `/v1/portfolios/${this.#portfolio.id}/trades/import?${query}`;
    try {
      const report = await this.#api.renewing(() => upload(path, this.#file.files[0], life.signal));
      if (!life.signal.aborted) this.#told(report);
    } catch (error) {
      if (!life.signal.aborted) this.#refused(error);
    } finally {
      // How it went stays: the last of it may come after the answer.
      for (const button of [this.#check, this.#book]) button.disabled = false;
    }
  }

  #told(report) {
    const counts = OUTCOMES.map((name) => [name, exact(String(report[name]))]);
    const key = report.dryRun ? 'importChecked' : 'importBooked';
    setMessage(this.#message, text(key, Object.fromEntries(counts)));
    this.#list(report.items.filter(({ status }) => status === 'rejected' || status === 'ignored'));
  }

  #refused(error) {
    this.#progress.hidden = true;
    const key = error.status === 0 ? 'importUnknown' : 'importRefused';
    setMessage(this.#message, text(key, { why: error.message }));
    this.#list((error.errors ?? []).filter(({ line }) => line !== undefined));
  }

  #list(rows) {
    this.#report.hidden = rows.length === 0;
    this.#rows.replaceChildren(
      ...rows.slice(0, ROWS_SHOWN).map(({ line, column, detail = '' }) => {
        const what = column === undefined ? detail : `${column} ${detail}`;
        return element('li', '', text('importRow', { line: exact(String(line)), detail: what }));
      }),
    );
  }
}

/** No time limit: a large file takes as long as it takes, and its progress is seen. @throws RequestError */
async function upload(path, file, signal) {
  const headers = headersOf('POST', { accept: 'application/json', 'content-type': 'text/csv' });
  let response;
  try {
    response = await fetch(path, { method: 'POST', headers, body: file, credentials: 'same-origin', signal });
  } catch (cause) {
    throw Object.assign(new Error('no answer', { cause }), { status: 0 });
  }
  const answer = await response.json().catch(() => null);
  if (response.ok && answer !== null) return answer;
  throw refusal(response, answer);
}

/** Version 4. `crypto.randomUUID` is missing on plain http from another machine. */
function newUuid() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
