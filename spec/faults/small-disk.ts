import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdtempSync, openSync, rmSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own that can be filled to the last byte. */
export interface SmallDisk {
  folder: string;
  /** Whatever becomes free from now on is filled again, such as what a database no longer needs. */
  fill(): void;
  /** Takes out what `fill` has put in. */
  free(): void;
  unmount(): void;
}

/** @returns `null` where nothing may be mounted */
export function mountSmallDisk(megabytes: number): SmallDisk | null {
  const folder = mkdtempSync(join(tmpdir(), 'marktide-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder]);
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true });
    return null;
  }
  chmodSync(folder, 0o777);
  const filler = join(folder, 'filler');
  const fill = (): void => {
    const file = openSync(filler, 'a');
    const block = Buffer.alloc(65_536);
    try {
      for (;;) writeSync(file, block);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    } finally {
      closeSync(file);
    }
  };
  let filling: ReturnType<typeof setInterval> | undefined;
  return {
    folder,
    fill() {
      fill();
      filling = setInterval(fill, 50);
    },
    free() {
      clearInterval(filling);
      unlinkSync(filler);
    },
    unmount() {
      clearInterval(filling);
      spawnSync('umount', [folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
