import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

function binary(): string | null {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'chromium')).find((path) => existsSync(path)) ?? null;
}

export function browserAvailable(): boolean {
  return binary() !== null;
}

/**
 * Debian's Chromium without a window. It asks nobody but the pages it is told to open.
 * @param more further switches of Chromium
 */
export function launchBrowser(...more: string[]): Promise<Browser> {
  return chromium.launch({
    executablePath: binary() ?? '',
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
