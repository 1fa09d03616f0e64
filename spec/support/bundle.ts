import { join } from 'node:path';
import { build } from 'esbuild';
import { PACKAGE_ROOT } from '../../lib/process/package-info.ts';

/** A module and all that it imports as one script, which gives a page its exports under a global name. */
export async function bundleOf(name: string, ...path: string[]): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(PACKAGE_ROOT, ...path)],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: name,
    target: 'es2023',
    tsconfig: join(PACKAGE_ROOT, 'web', 'tsconfig.json'),
  });
  const [file] = outputFiles;
  // Evaluated as a whole, its variable would be gone afterwards.
  return `${file?.text ?? ''}\nglobalThis.${name} = ${name};`;
}
