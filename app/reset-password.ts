import { randomBytes } from 'node:crypto';
import { openDatabase } from '../db/connection/database.ts';
import { reachDatabase } from '../db/connection/reach-database.ts';
import { migrate } from '../db/migrations/migrate.ts';
import { recordAudit } from '../db/users/audit.ts';
import { revokeUserSessions } from '../db/users/sessions.ts';
import { findCredentials, updateUser } from '../db/users/users.ts';
import type { Clock } from '../lib/clock.ts';
import type { Config } from '../lib/config/config.ts';
import type { Logger } from '../lib/logging/log.ts';
import { StartError } from '../lib/start-error.ts';
import { hashPassword } from '../lib/tokens/password.ts';

const FROM_HERE = { ip: '', requestId: '' };
const PATIENCE_MS = 10_000;

/**
 * Gives a user a new password and ends the user's sessions: the way back for an operator who has lost the password of the
 * only administrator. The embedded database must not be in use.
 * @param email of the user; by default ADMIN_EMAIL
 * @returns the new password, which is stored nowhere
 * @throws StartError, DataLockError
 */
export async function resetPassword(
  config: Config,
  email: string | undefined,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<{ email: string; password: string }> {
  const database = await openDatabase({
    url: config.DATABASE_URL,
    dataDir: config.DATA_DIR,
    log: logger,
    clock,
  });
  const { knex } = database;
  try {
    if (database.kind === 'postgres') await reachDatabase(knex, { clock, ms: PATIENCE_MS });
    await migrate(knex);
    const found = await findCredentials(knex, email ?? config.ADMIN_EMAIL);
    if (found === null) {
      throw new StartError(
        `There is no user ${email ?? config.ADMIN_EMAIL}: name one, as in npm run reset-password -- admin@example.com`,
      );
    }
    const { user } = found;
    const password = randomBytes(15).toString('base64url');
    const passwordHash = await hashPassword(password);
    await knex.transaction(async (trx) => {
      await updateUser(trx, user.id, { passwordHash });
      await revokeUserSessions(trx, user.id, { clock });
      const event = { type: 'password-changed', actorId: null, userId: user.id } as const;
      await recordAudit(trx, event, FROM_HERE, { clock });
    });
    return { email: user.email, password };
  } finally {
    await database.close();
  }
}
