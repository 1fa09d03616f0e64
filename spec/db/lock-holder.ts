/** Takes the lock of a folder, prints `held` or why not, and keeps it until its standard input ends. */
import { acquireDataLock, DataLockError } from '../../db/data-lock.ts';

try {
  const lock = acquireDataLock(process.argv[2] ?? '');
  process.stdout.write('held\n');
  process.stdin.resume().once('end', () => lock.release());
} catch (error) {
  if (!(error instanceof DataLockError)) throw error;
  process.stdout.write(`refused: ${error.message}\n`);
}
