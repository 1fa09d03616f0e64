import { nodeFault } from './needed-node.ts';

const fault = nodeFault(process.versions.node);
if (fault === null) {
  // Not a static import: Node.js links all of a program before any of it runs, and what an old one lacks would be an error
  // of the linker, with a stack and without the version.
  const { ensureHome } = await import('./home-folder.ts');
  ensureHome(process.env);
  await import('./program.ts');
} else {
  process.stderr.write(`${fault}\n`);
  process.exitCode = 1;
}
