/**
 * All tests, or some parts of them: `npm test`, `npm run test:unit`, `node scripts/test.ts PART… [MOCHA ARGUMENTS…]`.
 *
 * Each part is a mocha process of its own, so that one that crashes or hangs takes no other with it. The last line
 * is always `N passed, N failed, N skipped`, summed over the parts; the exit code is 0 only when nothing failed,
 * crashed, hung, was missing, or is a title without a test.
 */
import { ensureControlPlaneBinaries } from '../test/control-plane/binaries.ts';
import { countLine, NO_REASON, type PartResult } from './test/counts.ts';
import { filesOf, isPart, needsControlPlane, PARTS, type Part } from './test/parts.ts';
import { runPart } from './test/run-part.ts';

const mochaArgs = process.argv.slice(2);
const named: Part[] = [];
for (let [arg] = mochaArgs; arg !== undefined && isPart(arg); [arg] = mochaArgs) {
  named.push(arg);
  mochaArgs.shift();
}
const parts = named.length === 0 ? PARTS : named;

const results: PartResult[] = [];
/** What went wrong beside tests that failed; each counts as a failure, so that no count looks well by mistake. */
const troubles: string[] = [];
let interrupted = false;
process.on('SIGINT', () => void (interrupted = true)); // mocha gets both, and ends by itself
process.on('SIGTERM', () => void (interrupted = true));

if (await haveControlPlane()) {
  for (const part of parts) {
    if (!interrupted) await runNamed(part);
  }
}
if (interrupted) troubles.push('interrupted: not every test ran');
report();

/** Builds the control plane before the first test, with its progress shown; every part could need it. */
async function haveControlPlane(): Promise<boolean> {
  if (!parts.some(needsControlPlane)) return true;
  try {
    const { version, source } = await ensureControlPlaneBinaries();
    console.log(`control plane: Kubernetes ${version} (${source === 'built' ? 'built from source, in the cache' : source})`);
    return true;
  } catch (error) {
    troubles.push(`the control plane is not there, so nothing was tested:\n${error instanceof Error ? error.message : String(error)}`);
    return false;
  }
}

async function runNamed(part: Part): Promise<void> {
  const files = filesOf(part);
  if (files.length === 0) {
    troubles.push(`${part}: there are no tests`);
    return;
  }
  console.log(`\n== ${part}: ${files.length} ${files.length === 1 ? 'file' : 'files'}`);
  const began = performance.now();
  const result = await runPart(part, files, mochaArgs);
  results.push(result);
  if (result.trouble !== undefined) troubles.push(`${part}: ${result.trouble}`);
  console.log(`== ${part}: ${countLine([result])}, in ${((performance.now() - began) / 1000).toFixed(1)} s`);
}

function report(): void {
  for (const { part, skipped } of results) {
    for (const { title, reason = NO_REASON, unwritten } of skipped) {
      if (unwritten === true) troubles.push(`${part}: a test has a title and no body: ${title}`);
      else console.log(`SKIPPED (${part}) ${title}: ${reason}`);
    }
  }
  for (const { part, failures } of results) {
    for (const { title, message } of failures) console.log(`FAILED (${part}) ${title}: ${message.replaceAll('\n', '\n    ')}`);
  }
  for (const trouble of troubles) console.log(`TROUBLE ${trouble}`);
  const counted = results.filter(({ trouble }) => trouble !== undefined).length;
  const total = [...results, { passed: 0, failed: troubles.length - counted, skipped: [], failures: [] }];
  process.exitCode = total.some(({ failed }) => failed > 0) ? 1 : 0;
  console.log(`\n${countLine(total)}`);
}
