import type { Clock } from '../../lib/clock.ts';
import { reasonOf, StartError } from '../../lib/start-error.ts';
import type { Database } from './database.ts';
import { errorCode } from './error-code.ts';
import { isUnavailable } from './unavailable.ts';

const PAUSE_MS = 500;
/** The oldest major version that the statements of this program run on. */
const OLDEST = 13;

const RIGHTS =
  'The user in DATABASE_URL lacks a right: it must own the database, or be granted CREATE on its schema.';

/** SQLSTATEs of a server that will not let this node in, however often it retries. */
const REFUSALS: Record<string, string> = {
  '28P01': 'PostgreSQL refuses the user or the password in DATABASE_URL.',
  '28000':
    'PostgreSQL does not let the user in DATABASE_URL connect from here: check pg_hba.conf and the user.',
  '3D000': 'PostgreSQL has no database of the name in DATABASE_URL: create it, or correct the name.',
  '42501': RIGHTS,
  // No schema to create in is one that it may not use.
  '3F000': RIGHTS,
};

/** What OpenSSL and Node.js call a certificate that they do not trust. */
const UNTRUSTED = /^(?:CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_)/;

interface Server {
  version: number;
  in_recovery: boolean;
}

/**
 * Resolves when PostgreSQL answers and can be written to. A server that is away may be starting, so attempts continue
 * until `ms` have passed.
 * @throws StartError
 */
export async function reachDatabase(
  db: Database,
  { clock, ms }: { clock: Clock; ms: number },
): Promise<void> {
  const until = clock.monotonic() + ms;
  for (;;) {
    try {
      checkServer(await askServer(db));
      return;
    } catch (error) {
      const refusal = startErrorOf(error);
      if (refusal !== null) throw refusal;
      if (!isUnavailable(error)) throw error;
      if (clock.monotonic() >= until) {
        const seconds = Math.round(ms / 1_000);
        const message = `PostgreSQL has not answered for ${seconds} s${reasonOf(error)}: check DATABASE_URL, and that the server is running.`;
        throw new StartError(message, { cause: error });
      }
    }
    await new Promise<void>((resolve) => {
      clock.after(PAUSE_MS, resolve);
    });
  }
}

/** A refusal as a sentence for the operator; `null` for every other error. */
export function startErrorOf(error: unknown): StartError | null {
  if (error instanceof StartError) return error;
  const message = REFUSALS[errorCode(error) ?? ''] ?? passwordRefusal(error) ?? tlsRefusal(error);
  return message === undefined ? null : new StartError(message, { cause: error });
}

/** What the driver says when the server asks for a password and there is none. */
function passwordRefusal(error: unknown): string | undefined {
  const isMissing = error instanceof Error && error.message.includes('client password must be a ');
  return isMissing ? 'PostgreSQL asks for a password: put it into DATABASE_URL.' : undefined;
}

/** TLS that cannot come about, as a sentence; `undefined` for every other error. */
function tlsRefusal(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.message === 'The server does not support SSL connections') {
    return 'PostgreSQL offers no TLS, which DATABASE_URL asks for: set up TLS on the server, or change sslmode.';
  }
  const code = errorCode(error) ?? '';
  if (UNTRUSTED.test(code)) {
    return `The certificate of the server in DATABASE_URL is not trusted (${code}): check sslmode and sslrootcert.`;
  }
  const isFile = 'syscall' in error && error.syscall === 'open';
  return isFile ? `A file that DATABASE_URL names cannot be read: ${error.message}.` : undefined;
}

async function askServer(db: Database): Promise<Server> {
  const { rows } = await db.raw<{ rows: Server[] }>(
    `select current_setting('server_version_num')::int as version, pg_is_in_recovery() as in_recovery`,
  );
  const server = rows[0];
  if (server === undefined) throw new Error('the server did not report its version');
  return server;
}

function checkServer({ version, in_recovery }: Server): void {
  const major = Math.floor(version / 10_000);
  if (major < OLDEST) {
    throw new StartError(
      `PostgreSQL ${major} in DATABASE_URL is too old: Marktide needs ${OLDEST} or newer.`,
    );
  }
  if (in_recovery) {
    throw new StartError(
      'DATABASE_URL names a standby, which cannot be written to: it must name the primary.',
    );
  }
}
