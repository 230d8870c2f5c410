/** Something that the demo promises did not happen. */

export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
  /** What the person in front of the terminal can do. */
  readonly next: string | undefined;

  /** `what` failed, and why as far as it is known. */
  constructor(what: string, { next, cause }: { readonly next?: string; readonly cause?: unknown } = {}) {
    super(what, { cause });
    this.next = next;
  }
}

/** The show was interrupted by a signal: not a failure, but nothing more is shown. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}
