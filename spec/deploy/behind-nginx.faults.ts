import { launchBrowser } from '../support/browser.ts';
import { startProxiedFleet } from './proxied-fleet.ts';
import { killNodes, rollingRestart } from './scenarios.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 5);

/** The scenarios of behind-nginx.process.ts again and again: races show in the long run. `ROUNDS=50` for a night. */
describe('two nodes behind nginx, for longer', function () {
  this.timeout(ROUNDS * 120_000);

  it('nodes that are killed in turn lose no event', async () => {
    const fleet = await startProxiedFleet();
    try {
      await killNodes(fleet, ROUNDS);
    } finally {
      await fleet.stop();
    }
  });

  it('rolling restarts lose no event, fail no request and kill no EventSource', async () => {
    const fleet = await startProxiedFleet();
    const browser = await launchBrowser();
    try {
      await rollingRestart(fleet, await browser.newPage(), ROUNDS);
    } finally {
      await browser.close();
      await fleet.stop();
    }
  });
});
