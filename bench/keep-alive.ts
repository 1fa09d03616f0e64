import { connect, type Socket } from 'node:net';

/** One HTTP/1.1 connection, one request at a time, with as little work as possible to read a response. */
export class KeepAlive {
  readonly #socket: Socket;
  readonly #host: string;
  #settle: ((status: number) => void) | null = null;
  #fail: ((error: Error) => void) | null = null;
  #buffer = '';

  constructor(url: string) {
    const { hostname, port, host } = new URL(url);
    this.#host = host;
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true }).setEncoding('latin1');
    this.#socket.on('data', (chunk) => this.#read(String(chunk)));
    this.#socket.on('error', (error) => this.#fail?.(error));
    this.#socket.on('close', () => this.#fail?.(new Error('the connection was closed')));
  }

  /** @returns the status, once the whole response has arrived */
  get(path: string, headers: Record<string, string>): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#fail = reject;
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
      this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: ${this.#host}\r\n${lines.join('')}\r\n`);
    });
  }

  close(): void {
    this.#fail = null;
    this.#socket.destroy();
  }

  #read(chunk: string): void {
    this.#buffer += chunk;
    const head = this.#buffer.indexOf('\r\n\r\n');
    if (head < 0) return;
    const length = /\r\ncontent-length: (\d+)\r\n/i.exec(this.#buffer.slice(0, head + 2));
    const body = head + 4;
    // Without a length the body arrives in chunks, the last of which is empty.
    const isWhole =
      length === null
        ? this.#buffer.endsWith('\r\n0\r\n\r\n')
        : this.#buffer.length >= body + Number(length[1]);
    if (!isWhole) return;
    const status = Number(this.#buffer.slice(9, 12));
    this.#buffer = '';
    this.#settle?.(status);
  }
}
