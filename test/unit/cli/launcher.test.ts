import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VERSION } from '../../../src/version.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const launcher = join(root, 'bin', 'npb.js');
const entry = join(root, 'src', 'main.ts');

interface Ended { readonly code: number; readonly out: string; readonly err: string }

const run = (script: string, args: readonly string[], node: readonly string[] = []): Promise<Ended> => new Promise((resolve) => {
  const child = execFile(process.execPath, [...node, script, ...args], (_error, out, err) => resolve({ code: child.exitCode ?? -1, out, err }));
});

/** Makes this Node.js say that it is another one. */
const pretending = (version: string): string[] =>
  ['--import', `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`];

describe('launcher', function () {
  this.timeout(30_000);

  it('is what npx npb runs in a checkout', async () => {
    const child = execFile('npx', ['--no-install', 'npb', 'version'], { cwd: root });
    let out = '';
    child.stdout?.on('data', (chunk: string) => { out += chunk; });
    const [code] = await once(child, 'close');
    assert.deepEqual([code, out.split(' (')[0]], [0, `namespace-policy-baseline ${VERSION}`]);
  });

  it('runs the sources of a checkout', async () => {
    const { code, out } = await run(launcher, ['version']);
    assert.equal(code, 0);
    assert.ok(out.startsWith(`namespace-policy-baseline ${VERSION} `), out);
  });

  it('gives the exit code of the command', async () => {
    const { code, err } = await run(launcher, ['nonsense']);
    assert.equal(code, 2);
    assert.match(err, /unknown command 'nonsense'/);
  });

  it('knows when kubectl called it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'npb-launcher-'));
    try {
      const plugin = join(folder, 'kubectl-policy_baseline');
      await symlink(launcher, plugin);
      assert.match((await run(plugin, ['--help'])).out, /^Usage: kubectl policy-baseline /);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  for (const [name, script] of [['the launcher', launcher], ['main.ts', entry]] as const) {
    it(`says which Node.js it needs when ${name} meets an older one`, async () => {
      const [older, old, recent] = await Promise.all(['20.20.2', '22.18.0', '22.19.0'].map((version) => run(script, ['version'], pretending(version))));
      for (const [version, ended] of [['20.20.2', older], ['22.18.0', old]] as const) {
        assert.deepEqual([ended?.code, ended?.out], [2, '']);
        assert.ok(ended?.err.startsWith(`npb needs Node.js 22.19 or newer; this is ${version} (${process.execPath}).\n`), ended?.err);
      }
      assert.equal(recent?.code, 0, recent?.err);
    });
  }

  it('asks for the Node.js that package.json asks for', async () => {
    const { engines, version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { engines: { node: string }; version: string };
    assert.equal(engines.node, '>=22.19');
    assert.equal(version, VERSION);
  });
});
