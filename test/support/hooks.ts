/** Root hooks of mocha: whatever the suites shared is ended after the last of them. */
import { stopSharedControlPlane } from './control-plane.ts';

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(30_000);
    await stopSharedControlPlane();
  },
};
