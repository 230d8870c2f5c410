/**
 * `npb operator`: runs the operator until a signal, or until it cannot go on. The only command that writes, and
 * the only one that knows operator.ts.
 *
 * Promises: the first SIGTERM or SIGINT stops gracefully, a second one at once; what nobody caught is logged and
 * ends the process with code 1; the log is complete before the end.
 */
import { formatDuration } from '../config-values.ts';
import { ConfigError, loadConfig, SETTING_GROUPS, SETTINGS, type Config, type Setting } from '../config.ts';
import { systemClock, type Clock } from '../control/clock.ts';
import type { Logger } from '../observe/logger.ts';
import { EXIT, UsageError, type Command, type CommandOption, type Host } from './command.ts';
import { hostFacts } from './host-facts.ts';
import { startWarnings } from './start-warnings.ts';

export const operatorCommand: Command = {
  name: 'operator',
  summary: 'Run the operator, in a cluster or against one',
  description: 'Runs the operator until it is stopped: in a cluster as the pod\'s ServiceAccount, elsewhere against the cluster of a kubeconfig. '
    + 'Several replicas may run at once; one of them writes, the others stand by.',
  options: SETTING_GROUPS.flatMap((group) => Object.values<Setting<unknown>>(SETTINGS).filter((each) => each.group === group).map(toOption)),
  epilogue: (calledAs) => [
    'Each option can also be set by the variable named with it; the option wins. Durations are written as Go',
    'writes them: 500ms, 30s, 1h30m.',
    '',
    'Examples:',
    `  ${calledAs} operator --kubeconfig ~/.kube/config --context kind-kind`,
    `  NPB_LOG_LEVEL=debug ${calledAs} operator --leader-elect=false --listen-address 127.0.0.1:0`,
    '',
    'The first SIGTERM or SIGINT stops gracefully: writes under way finish and the Lease is given back. A second',
    'one ends the process at once.',
  ].join('\n'),
  async run(host, flags) {
    const config = configFrom({ flags, env: host.env, host: hostFacts(host) });
    const { createLogger } = await import('../observe/logger.ts');
    const log = createLogger({ level: config.logLevel, format: config.logFormat, stream: host.stdout, wallMs: systemClock.wallMs });
    for (const { message, fields } of startWarnings(config, host.env)) log.warn(message, fields);
    const { startOperator } = await import('../operator.ts');
    const code = await operate((onFatal) => startOperator(config, { log, clock: systemClock, env: host.env, onFatal }), {
      log, host, clock: systemClock, graceMs: config.drainTimeoutMs + STOP_GRACE_MS,
    });
    await flushWithin(LAST_FLUSH_MS, log, systemClock);
    setTimeout(() => host.exit(code), LINGER_MS).unref(); // only if something still keeps the process alive
    return code;
  },
};

/** After this, whatever still runs is cut off: below the 30 s that Kubernetes gives a pod. */
const STOP_GRACE_MS = 10_000;
const LINGER_MS = 1000;
/** How long a reader of the log that does not read may hold the end up: of a graceful one, and of a forced one. */
const LAST_FLUSH_MS = 5000;
const FLUSH_MS = 500;

function toOption({ flag, value, bare, help, group, env, fallbackText }: Setting<unknown>): CommandOption {
  const notes = fallbackText === undefined ? env : `${env}; default: ${fallbackText}`;
  return { flag, value, group, help: `${help} (${notes})`, ...(bare !== undefined && { bare }) };
}

function configFrom(inputs: Parameters<typeof loadConfig>[0]): Config {
  try {
    return loadConfig(inputs);
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

export interface OperateParts {
  readonly log: Logger;
  readonly host: Pick<Host, 'onSignal' | 'onUncaught' | 'exit'>;
  readonly clock: Pick<Clock, 'setTimer'>;
  /** How long `stop` may take before everything is cut off. */
  readonly graceMs: number;
}

/** Something that runs until it is stopped. */
export interface Running {
  stop(): Promise<void>;
}

/** From start to stop: whatever ends first, a signal or an error. Resolves with the exit code. */
export async function operate(start: (onFatal: (error: Error) => void) => Promise<Running>, parts: OperateParts): Promise<number> {
  const { log, host } = parts;
  const ending = Promise.withResolvers<number>();
  const fail = (message: string) => (error: unknown): void => {
    log.error(message, { error });
    ending.resolve(EXIT.failed);
  };
  let signals = 0;
  const forgetSignals = host.onSignal((signal) => {
    signals++;
    log.info(signals === 1 ? 'Signal received, stopping' : 'Second signal received, ending at once', { signal });
    if (signals === 1) ending.resolve(EXIT.ok);
    else endNow(parts);
  });
  const forgetUncaught = host.onUncaught(fail('Error that nobody caught'));
  try {
    const running = await start(fail('Operator cannot go on')).catch((error: unknown) => notStarted(error, log));
    if (typeof running === 'number') return running;
    const code = await ending.promise;
    return await stopWithin(running, parts) ? code : EXIT.failed;
  } finally {
    forgetSignals();
    forgetUncaught();
  }
}

/** The caller can do something about what is explained; anything else is an error of this program. */
function notStarted(error: unknown, log: Logger): number {
  log.error('Operator did not start', { error: isExplained(error) ? error.message : error });
  return isExplained(error) ? EXIT.usage : EXIT.failed;
}

/** True when everything has ended as it should. */
async function stopWithin(running: Running, parts: OperateParts): Promise<boolean> {
  const { log, clock, graceMs } = parts;
  const cancel = clock.setTimer(graceMs, () => {
    log.error('Still not stopped, ending at once', { after: formatDuration(graceMs) });
    endNow(parts);
  });
  try {
    await running.stop();
    return true;
  } catch (error) {
    log.error('Operator did not stop as it should', { error });
    return false;
  } finally {
    cancel();
  }
}

/** With the last lines of the log, if somebody takes them. */
function endNow({ log, clock, host }: OperateParts): void {
  void flushWithin(FLUSH_MS, log, clock).then(() => host.exit(EXIT.failed));
}

function flushWithin(ms: number, log: Logger, clock: Pick<Clock, 'setTimer'>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.setTimer(ms, resolve);
    void log.flush().then(cancel).then(resolve);
  });
}

/** Errors whose message says what to do; their stack would only hide it. */
const isExplained = (error: unknown): error is Error => error instanceof Error && ['ListenError', 'ConnectionError', 'CertificateError'].includes(error.name);
