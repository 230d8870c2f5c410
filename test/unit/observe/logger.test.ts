import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Writable } from 'node:stream';
import { jsonLine, textLine, withoutCredentials } from '../../../src/observe/log-line.ts';
import { createLogger, type LogFormat, type Logger, type LogLevel } from '../../../src/observe/logger.ts';

const TIME = Date.UTC(2026, 0, 2, 3, 4, 5, 678);
const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl';

/** Takes a line only when told to. */
function slowStream() {
  const lines: string[] = [];
  const pending: (() => void)[] = [];
  const stream = new Writable({
    decodeStrings: false, highWaterMark: 1,
    write(chunk: string, _encoding, done) {
      pending.push(() => {
        lines.push(chunk);
        done();
      });
    },
  });
  const takeAll = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) {
      for (let take = pending.shift(); take !== undefined; take = pending.shift()) take();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { stream, lines, takeAll };
}

async function linesOf(write: (log: Logger) => void, options: { level?: LogLevel; format?: LogFormat } = {}): Promise<string[]> {
  const { stream, lines, takeAll } = slowStream();
  const log = createLogger({ level: 'info', format: 'json', ...options, stream, wallMs: () => TIME });
  write(log);
  await takeAll();
  return lines;
}
const parse = (line: string | undefined): Record<string, unknown> => JSON.parse(line ?? '') as Record<string, unknown>;

describe('logger', () => {
  it('writes one JSON object on each line, with the fields of all ancestors', async () => {
    const [line = ''] = await linesOf((log) => log.child({ controller: 'namespace' }).child({ key: 'a' }).info('Policy written', { action: 'create' }));
    assert.equal(line, '{"time":"2026-01-02T03:04:05.678Z","level":"info","message":"Policy written","controller":"namespace","key":"a","action":"create"}\n');
  });

  it('drops levels below its own', async () => {
    const all = (log: Logger): void => {
      for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level](level);
    };
    assert.deepEqual((await linesOf(all, { level: 'warn' })).map((line) => parse(line)['level']), ['warn', 'error']);
    assert.equal((await linesOf(all, { level: 'debug' })).length, 4);
  });

  it('flushes everything that was logged, however slowly it is taken', async () => {
    const { stream, lines, takeAll } = slowStream();
    const log = createLogger({ level: 'info', format: 'json', stream, wallMs: () => TIME });
    for (let i = 0; i < 100; i++) log.info('line', { i });
    let flushed = false;
    const flush = log.flush().then(() => (flushed = true));
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(flushed, false);
    await takeAll();
    for (let i = 0; i < 20 && !flushed; i++) await takeAll();
    await flush;
    assert.equal(lines.length, 100);
    await log.flush();
  });

  it('goes on when nobody reads any more', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('EPIPE')) });
    const log = createLogger({ level: 'info', format: 'json', stream, wallMs: () => TIME });
    log.info('into the void');
    log.info('again');
    await log.flush();
  });

  it('loses nothing when the process ends on a slow pipe', async function () {
    this.timeout(30_000);
    const logger = fileURLToPath(new URL('../../../src/observe/logger.ts', import.meta.url));
    const script = `
      import { createLogger } from ${JSON.stringify(logger)};
      const log = createLogger({ level: 'info', format: 'json', stream: process.stdout, wallMs: Date.now });
      for (let i = 0; i < 20000; i++) log.info('line', { i });
      await log.flush();
      process.exit(0);`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => setTimeout(resolve, 300)); // the pipe fills up
    let out = '';
    for await (const chunk of child.stdout) out += String(chunk);
    assert.equal(out.split('\n').length - 1, 20_000);
  });
});

describe('log lines', () => {
  const entry = (fields: Record<string, unknown>, message = 'said') => ({ time: 'T', level: 'info' as const, message, fields });

  it('keep kind, code and causes of an error, and the stack only of our own', () => {
    const cause = new Error('connection refused');
    const kube = Object.assign(new Error('not answered', { cause }), { name: 'KubeError', kind: 'Unavailable', code: 503 });
    assert.deepEqual(parse(jsonLine(entry({ error: kube })))['error'],
      { name: 'KubeError', message: 'not answered', kind: 'Unavailable', code: 503, cause: { name: 'Error', message: 'connection refused' } });
    const bug = parse(jsonLine(entry({ error: new TypeError('oops') })))['error'] as Record<string, unknown>;
    assert.match(String(bug['stack']), /TypeError: oops\n {4}at /);
  });

  it('survive every value', () => {
    const cycle: Record<string, unknown> = {};
    cycle['self'] = cycle;
    const tricky = { map: new Map([['constructor', 1]]), set: new Set([1]), big: 1n, nothing: undefined, fn: () => 1, date: new Date(0) };
    assert.deepEqual(parse(jsonLine(entry(tricky))), { time: 'T', level: 'info', message: 'said', map: { constructor: 1 }, set: [1], big: '1', date: '1970-01-01T00:00:00.000Z' });
    assert.deepEqual(parse(jsonLine(entry({ cycle })))['fields'], ['cycle']);
    assert.ok(textLine(entry({ cycle })).includes('cycle=[unprintable]'));
  });

  it('cannot be forged by a field or a line break', () => {
    assert.deepEqual(parse(jsonLine(entry({ level: 'error', message: 'forged', time: 'never' }))), { time: 'T', level: 'info', message: 'said' });
    for (const line of [jsonLine, textLine]) assert.ok(!line(entry({ key: 'a\nb' }, 'two\nlines')).includes('\n'));
  });

  it('are readable as text', () => {
    assert.equal(textLine(entry({ key: 'team-a', message2: 'two words', n: 3, error: new Error('went wrong'), no: undefined })),
      'T INFO  said key=team-a message2="two words" n=3 error="went wrong"');
  });

  it('never show credentials', () => {
    const fields = {
      authorization: 'anything', headers: { Authorization: `Bearer ${TOKEN}` }, text: `sent Bearer abcdefgh12345678 to it`,
      error: new Error(`refused ${TOKEN}`, { cause: new Error(`Basic dXNlcjpwYXNz`) }), password: 'hunter2', confirmToken: 'sha-1234',
    };
    for (const line of [jsonLine(entry(fields, TOKEN)), textLine(entry(fields, TOKEN))]) {
      for (const secret of [TOKEN, 'anything', 'abcdefgh12345678', 'dXNlcjpwYXNz', 'hunter2']) assert.ok(!line.includes(secret), `${secret} in ${line}`);
      assert.ok(line.includes('sha-1234'), 'the token of a held change is no secret');
    }
    assert.equal(withoutCredentials('nothing to hide'), 'nothing to hide');
  });
});
