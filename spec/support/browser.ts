import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, type BrowserServer, chromium } from 'playwright-core';

/** The shell first: in Chromium itself each page costs five times the processor time, mostly for windows nobody sees. */
const NAMES = ['chromium-headless-shell', 'chromium'];

function binary(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const paths = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => existsSync(path)) ?? null;
}

export function browserAvailable(): boolean {
  return binary() !== null;
}

/** Those that run, by their switches: each start takes a second of processor time. */
const servers = new Map<string, Promise<BrowserServer>>();

/**
 * Debian's Chromium without a window. It asks nobody but the pages it is told to open. All suites of this process share
 * it, and one that closes its own browser closes no more than its own pages.
 * @param more further switches of Chromium
 */
export async function launchBrowser(...more: string[]): Promise<Browser> {
  const key = more.join(' ');
  const server = servers.get(key) ?? startChromium(more);
  servers.set(key, server);
  const browser = await chromium.connect((await server).wsEndpoint());
  // Of the two minutes that a test has: a busy machine is no fault of the page.
  browser.on('context', (context) => context.setDefaultTimeout(60_000));
  return browser;
}

/** In a run of one process nothing else would end them. */
export async function closeBrowsers(): Promise<void> {
  for (const server of servers.values()) await (await server).close();
  servers.clear();
}

function startChromium(more: string[]): Promise<BrowserServer> {
  return chromium.launchServer({
    executablePath: binary() ?? '',
    host: '127.0.0.1',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      ...more,
    ],
  });
}
