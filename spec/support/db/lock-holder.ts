/** Takes the lock of a folder (with `wait`: as soon as it is written to), prints `held` or why not, and keeps it until its standard input ends. */
import { once } from 'node:events';
import { acquireDataLock, DataLockError } from '../../../db/connection/data-lock.ts';

if (process.argv[3] === 'wait') {
  process.stdout.write('ready\n');
  await once(process.stdin, 'data');
}
try {
  const lock = acquireDataLock(process.argv[2] ?? '');
  process.stdout.write('held\n');
  process.stdin.resume().once('end', () => lock.release());
} catch (error) {
  if (!(error instanceof DataLockError)) throw error;
  process.stdout.write(`refused: ${error.message}\n`);
}
