import { randomBytes } from 'node:crypto';
import { DataLockError } from '../db/connection/data-lock.ts';
import { DEMO_LOGIN } from '../routes/service/health.ts';
import { backfillByHand } from './backfill.ts';
import { backUp } from './backup/backup.ts';
import { restore } from './backup/restore.ts';
import { BrokerSilentError } from './broker-retry.ts';
import { parseFeedSpecs } from '../streams/market/feeds/feed-spec.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { type Config, ConfigError, readConfig } from '../lib/config/config.ts';
import { isLoopback } from '../lib/http/host-name.ts';
import { closeDemo, ensureAdmin, ensureDemo } from './first-start.ts';
import { createLogger } from '../lib/logging/log.ts';
import { LogOutput } from '../lib/logging/log-output.ts';
import { VERSION } from '../lib/process/package-info.ts';
import { StartError } from '../lib/start-error.ts';
import { loadArgon2 } from '../lib/tokens/password.ts';
import { PrivateFileError } from '../lib/process/private-files.ts';
import { listen, patienceOf, stopListening } from './server.ts';
import { resetPassword } from './reset-password.ts';
import { createServices } from './services.ts';

function randomFraction(): number {
  return randomBytes(6).readUIntBE(0, 6) / 2 ** 48;
}

const output = new LogOutput({ fd: 1, clock: systemClock });

/** Ends the process once its last lines are out, or with 1 where they cannot be written. */
async function end(code: number): Promise<never> {
  const isWritten = await output.flush(FLUSH_MS);
  // A write that is stuck would hold up the exit as well.
  if (!isWritten && output.isBlocked) process.kill(process.pid, 'SIGKILL');
  process.exit(isWritten ? code : 1);
}

async function main(): Promise<void> {
  const config = readConfig(process.env, { MARKET_FEED: (text) => void parseFeedSpecs(text) });
  const logger = createLogger(config.LOG_LEVEL, output);
  process.once('exit', () => output.flushNow());
  await loadArgon2();
  const [command, subject] = process.argv.slice(2);
  switch (command) {
    case 'backup':
      await backUp(config, subject);
      print(`Written: ${subject}`);
      return await end(0);
    case 'restore':
      await restore(config, subject, logger);
      print(`Restored into ${config.DATA_DIR}: start a node with this DATA_DIR.`);
      return await end(0);
    case 'backfill':
      await backfillByHand(config, process.argv.slice(3), {
        clock: systemClock,
        random: randomFraction,
        logger,
        tell: print,
      });
      return await end(0);
    case 'reset-password': {
      const { email, password } = await resetPassword(config, subject, { clock: systemClock, logger });
      print(`New password, shown only this once: ${email} / ${password}`);
      return await end(0);
    }
    default:
      break;
  }
  // The web side is loaded while the embedded database starts: each takes half a second.
  const [running, { createApp }] = await Promise.all([
    createServices({ config, clock: systemClock, random: randomFraction, logger }),
    import('./app.ts'),
  ]);
  const { services } = running;
  // First: the demo user may have been the only administrator.
  if (!config.DEMO) await closeDemo(services);
  const adminPassword = await ensureAdmin(services);
  // Right away: if the start failed later, nobody would ever see the password.
  if (adminPassword !== null) {
    print(`New administrator, shown only this once: ${config.ADMIN_EMAIL} / ${adminPassword}`);
  }
  if (config.DEMO) await ensureDemo(services);
  const address = { host: config.HOST, port: config.PORT };
  const { server, url, treat } = await listen(
    createApp(services),
    address,
    patienceOf(config),
    services,
  ).catch(async (error: unknown) => {
    await running.close();
    throw error;
  });

  const base = url + config.BASE_PATH;
  print(
    `Marktide ${VERSION} is at ${base}`,
    `  page    ${base}/`,
    `  docs    ${base}/docs`,
    `  market  ${config.MARKET_FEED}${config.MARKET_FEED === 'simulator' ? ' (made-up prices)' : ''}`,
    ...demoLines(config),
    '  stream  ' + streamCommand(base, config.DEMO, config.PUBLIC_MARKET),
  );

  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    logger.info({ signal }, 'shutting down');
    // Everything below has a deadline. If one is missing, the process still ends.
    const planned = config.SHUTDOWN_DELAY_MS + config.DRAIN_MS + GRACE_MS;
    systemClock.after(planned + CLOSE_MS, () => void end(1));
    services.readiness.leave();
    if (config.REDIS_URL === undefined) {
      // No other node takes over: new requests must not wait for an answer.
      const closed = stopListening(server, systemClock, config.DRAIN_MS + GRACE_MS);
      await services.hub.drain(config.DRAIN_MS);
      await closed;
    } else {
      treat('leaving');
      await wait(systemClock, config.SHUTDOWN_DELAY_MS);
      treat('gone');
      await Promise.all([services.hub.drain(config.DRAIN_MS), wait(systemClock, config.DRAIN_MS)]);
      await stopListening(server, systemClock, GRACE_MS);
    }
    await running.close();
    await end(0);
  };
  process.on('SIGTERM', (signal) => void stop(signal));
  process.on('SIGINT', (signal) => void stop(signal));
}

/** For running requests, once streams have ended. */
const GRACE_MS = 5_000;
/** More than closing the rest is allowed to take. */
const CLOSE_MS = 11_000;
/** For the last lines of the log. */
const FLUSH_MS = 1_000;

function wait(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

function print(...lines: string[]): void {
  output.write(`${lines.join('\n')}\n`);
}

function demoLines({ DEMO, DATABASE_URL, HOST, TRUST_PROXY }: Config): string[] {
  if (DEMO) return [`  login   ${DEMO_LOGIN.email} / ${DEMO_LOGIN.password}`];
  const isExposed = !isLoopback(HOST) || TRUST_PROXY > 0;
  // Without a demo user, a first try needs an explanation.
  return DATABASE_URL === undefined && isExposed
    ? ['  login   no demo user, since others can reach this server; DEMO=true makes one']
    : [];
}

/** A line to paste: market data as it comes, with the login it needs. */
function streamCommand(url: string, demo: boolean, publicMarket: boolean): string {
  const stream = `curl -N '${url}/v1/streams/market?symbols=BTC/KRW'`;
  if (publicMarket) return stream;
  const login = demo
    ? `curl -s ${url}/v1/auth/login -H 'content-type: application/json' -d '${JSON.stringify(DEMO_LOGIN)}'`
    : `curl -s ${url}/v1/auth/login -H 'content-type: application/json' -d '{"email":"…","password":"…"}'`;
  return `${stream} -H "authorization: Bearer $(${login} | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')"`;
}

/** An error that the user can fix is one line; only unexpected errors get a stack. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isTold =
    error instanceof StartError ||
    error instanceof ConfigError ||
    error instanceof DataLockError ||
    error instanceof PrivateFileError;
  if (isTold) return error.message;
  if (error instanceof BrokerSilentError)
    return `Redis has not answered for ${error.seconds} s (while ${error.step}): check REDIS_URL, and that Redis is running.`;
  const { code, syscall, port, address } = error as NodeJS.ErrnoException & {
    port?: number;
    address?: string;
  };
  if (syscall === 'listen' && code === 'EADDRINUSE')
    return `Port ${port} of ${address} is in use: set PORT to another one.`;
  if (syscall === 'listen' && code === 'EACCES')
    return `Port ${port} of ${address} may not be opened by this user: set PORT to another one.`;
  if (syscall === 'listen' && code === 'EADDRNOTAVAIL')
    return `${address} is not an address of this machine: set HOST to one that is.`;
  return error.stack ?? error.message;
}

main().catch((error: unknown) => {
  process.stderr.write(`${explain(error)}\n`);
  return end(1);
});
