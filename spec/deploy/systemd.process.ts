import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';
import { watchOutput } from '../support/log-watch.ts';
import { BRIEF, logIn } from '../support/node-process.ts';

/** One that systemd would make up: nobody has it, and /etc/passwd does not know it. */
const USER = 61_999;

const UNIT = readFileSync(join(PACKAGE_ROOT, 'deploy', 'systemd', 'marktide.service'), 'utf8');
const directive = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(UNIT)?.[1] ?? '';

/**
 * What of the unit can be had without systemd: its user, folder, umask and environment, no rights, and file systems that
 * cannot be written to. $1 is where the state is, $2 the project, the rest the command.
 */
const CONFINED = `
set -e
state=$1 project=$2; shift 2
mount --make-rprivate /
mount --bind "$project" "$state/opt"
mount --bind "$state/private" "$state/private"
mount -o remount,bind,ro /
awk '{ print $2 }' /proc/mounts | while read -r place; do
  case $place in /|/proc*|/sys*|/dev*|"$state/private") ;; *) mount -o remount,bind,ro "$place" 2>&- || true;; esac
done
umask ${directive('UMask')}
cd "$state/opt"
exec setpriv --reuid=${USER} --regid=${USER} --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs -- "$@"`;

const isRunnable =
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['-m', 'setpriv', '--bounding-set=-all', 'true']).status === 0;

(isRunnable ? describe : describe.skip)('the program as the unit for systemd runs it', function () {
  this.timeout(120_000);
  let state: string;
  let child: ChildProcess | undefined;

  beforeEach(() => {
    state = mkdtempSync(join(tmpdir(), 'marktide-unit-'));
    chmodSync(state, 0o755);
    mkdirSync(join(state, 'opt'));
    const own = join(state, 'private', 'marktide');
    mkdirSync(own, { recursive: true });
    chmodSync(own, Number.parseInt(directive('StateDirectoryMode'), 8));
    chownSync(own, USER, USER);
    // As systemd does for a user that it makes up.
    symlinkSync('private/marktide', join(state, 'marktide'));
  });
  afterEach(async () => {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(state, { recursive: true, force: true });
  });

  it('starts from nothing, serves, keeps all it writes to itself, and ends in order', async () => {
    const [, ...args] = directive('ExecStart').split(' ');
    const environment = directive('Environment')
      .replace('/var/lib/marktide', join(state, 'marktide'))
      .split(' ');
    const command = [
      'env',
      '-i',
      ...environment,
      'PORT=0',
      'DEMO=false',
      'MARKET_FEED=push',
      process.execPath,
    ];
    const started = spawn(
      'unshare',
      ['-m', 'sh', '-c', CONFINED, 'sh', state, PACKAGE_ROOT, ...command, ...BRIEF, ...args],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    child = started;
    const ended = once(started, 'exit');
    let said = '';
    const url = await new Promise<string>((resolve, reject) => {
      for (const output of [started.stdout, started.stderr]) {
        const watched = watchOutput();
        output.setEncoding('utf8').on('data', (text: string) => {
          said += text;
          watched(text);
          const [, at] = /is at (http:\S+)[\s\S]*stream /.exec(said) ?? [];
          if (at !== undefined) resolve(at);
        });
      }
      started.once('exit', (code) => reject(new Error(`it ended with ${code}: ${said}`)));
    });
    const [, email = '', password = ''] = /only this once: (\S+) \/ (\S+)/.exec(said) ?? [];
    const authorization = await logIn(url, email, password);
    assert.equal((await fetch(`${url}/v1/auth/me`, { headers: { authorization } })).status, 200);
    const own = join(state, 'private', 'marktide');
    assert.ok(readdirSync(own).includes('pgdata'));
    for (const name of readdirSync(own)) assert.equal(lstatSync(join(own, name)).mode & 0o077, 0, name);
    started.kill('SIGTERM');
    assert.deepEqual(await ended, [0, null], said);
  });
});
