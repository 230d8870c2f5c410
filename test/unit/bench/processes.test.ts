import assert from 'node:assert/strict';
import { cpuMs, machineTime, memoryOf, parseMachineStat, parseStat, parseStatus } from '../../bench/processes.ts';
import { skipBecause } from '../../support/skip.ts';

describe('bench processes', () => {
  it('reads the time of a process whose name holds spaces and brackets', () => {
    assert.equal(parseStat('4711 (a ) b (c)) S 1 4711 4711 0 -1 4194560 9 0 0 0 123 45 0 0 20 0 7 0 100 2 3'), 1680);
    assert.equal(parseStat('nothing'), undefined);
  });

  it('reads the highest and the present memory', () => {
    assert.deepEqual(parseStatus('Name:\tnode\nVmPeak:\t  900 kB\nVmHWM:\t  200 kB\nVmRSS:\t  150 kB\n'), { peakBytes: 204_800, residentBytes: 153_600 });
    assert.equal(parseStatus('Name:\tkthreadd\n'), undefined);
  });

  it('reads what all processors did', () => {
    assert.deepEqual(parseMachineStat('cpu  100 1 20 300 4 5 6 7 0 0\ncpu0 1 2 3\n'), { busyMs: 1320, idleMs: 3040, stolenMs: 70 });
  });

  it('knows nothing of a process that is not there', () => {
    assert.equal(cpuMs(0), undefined);
    assert.equal(memoryOf(0), undefined);
  });

  it('sees this process and this machine', function () {
    if (process.platform !== 'linux') skipBecause(this, 'read from /proc, which Linux alone has');
    const { user, system } = process.cpuUsage();
    assert.ok(Math.abs((cpuMs(process.pid) ?? NaN) - (user + system) / 1000) < 200);
    const memory = memoryOf(process.pid);
    assert.ok(memory !== undefined && memory.peakBytes >= memory.residentBytes && memory.residentBytes > 10_000_000);
    assert.ok((machineTime()?.busyMs ?? 0) > 0);
  });
});
