/**
 * Writes dist/install.yaml, everything of config/default in one file: `npm run build:install [-- --image NAME:TAG]`.
 * With the kubectl of the PATH; without one, with that of the test harness, which is built from source together with the control plane.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureControlPlaneBinaries } from '../test/control-plane/binaries.ts';
import { findOnPath } from '../test/tools/go-toolchain.ts';
import { run } from '../test/tools/run.ts';

const ROOT = join(import.meta.dirname, '..');
const IMAGE = /^( +image: )\S+$/gm;

const { values: { image } } = parseArgs({ options: { image: { type: 'string' } } });
const kubectl = findOnPath('kubectl', process.env) ?? (await ensureControlPlaneBinaries()).kubectl;
const { code, stdout, stderr } = await run(kubectl, ['kustomize', 'config/default'], { cwd: ROOT });
if (code !== 0) {
  console.error(`kubectl kustomize config/default failed:\n${stderr}`);
  process.exitCode = 1;
} else {
  await mkdir(join(ROOT, 'dist'), { recursive: true });
  await writeFile(join(ROOT, 'dist', 'install.yaml'), image === undefined ? stdout : stdout.replaceAll(IMAGE, `$1${image}`));
  console.log('dist/install.yaml written; kubectl apply --server-side -f dist/install.yaml');
}
