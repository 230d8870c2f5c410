/** Skipping, always with a reason: a run fails on a test that is skipped without one. */
const REASON = Symbol.for('netbaseline.io/skip-reason');

/** Skips the present test, or from a hook every test of its suite. Does not return. */
export function skipBecause(context: Mocha.Context, reason: string): never {
  const runnable: Mocha.Runnable | undefined = context.test;
  if (runnable !== undefined) Reflect.set(isHook(runnable) ? runnable.parent ?? runnable : runnable, REASON, reason);
  context.skip();
}

function isHook(runnable: Mocha.Runnable): boolean {
  return Reflect.get(runnable, 'type') === 'hook';
}
