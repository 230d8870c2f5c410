/** Skipping with a reason, which is printed again at the end of a run. */
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
