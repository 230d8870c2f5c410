/** The health check for Argo CD from docs/gitops.md, run by the Lua that is inside Argo CD. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { parse } from 'yaml';
import { run } from '../tools/run.ts';
import type { Json } from './api.ts';

export interface Health { readonly status: string; readonly message: string }

/** YAML blocks of the page, by kind. */
export async function gitopsExample(kind: string): Promise<Json> {
  const text = await readFile(join(import.meta.dirname, '../../docs/gitops.md'), 'utf8');
  const blocks = [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, block = '']) => parse(block));
  return blocks.find((block) => block.kind === kind) ?? Promise.reject(new Error(`docs/gitops.md shows no ${kind}`));
}

/** As Argo CD does: the object is the global `obj`, the script returns a table. */
export async function healthOf(lua: string, object: Json): Promise<Health> {
  const script = (await gitopsExample('ConfigMap')).data['resource.customizations.health.netbaseline.io_NamespacePolicyBaseline'];
  const program = `obj = ${literal(object)}\nlocal hs = (function()\n${script}\nend)()\nprint(hs.status)\nprint(hs.message)\n`;
  const folder = await mkdtemp(join(tmpdir(), 'npb-lua-'));
  const file = join(folder, 'health.lua');
  await writeFile(file, program);
  const { code, stdout, stderr } = await run(lua, [file]);
  await rm(folder, { recursive: true });
  if (code !== 0) throw new Error(`${stdout}${stderr}`);
  const [status = '', ...message] = stdout.trimEnd().split('\n');
  return { status, message: message.join('\n') };
}

/** A value as Lua writes it; what is null is not there. */
function literal(value: Json): string {
  if (Array.isArray(value)) return `{${value.map(literal).join(', ')}}`;
  if (value !== null && typeof value === 'object') return `{${Object.entries(value).map(([key, child]) => `[${literal(key)}] = ${literal(child)}`).join(', ')}}`;
  if (typeof value === 'string') return `"${[...Buffer.from(value)].map((byte) => `\\${String(byte).padStart(3, '0')}`).join('')}"`;
  return value === null ? 'nil' : String(value);
}
