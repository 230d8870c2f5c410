import assert from 'node:assert/strict';
import { countOf, isWrite, requestCounts, requestsSince, samplesOf, sumOf } from '../../bench/exposition.ts';

const TEXT = `# HELP apiserver_request_total Counter of apiserver requests
# TYPE apiserver_request_total counter
apiserver_request_total{code="201",component="apiserver",dry_run="",group="networking.k8s.io",resource="networkpolicies",scope="resource",subresource="",verb="POST",version="v1"} 200
apiserver_request_total{code="409",component="apiserver",dry_run="",group="networking.k8s.io",resource="networkpolicies",scope="resource",subresource="",verb="POST",version="v1"} 3
apiserver_request_total{code="200",group="netbaseline.io",resource="namespacepolicybaselines",subresource="status",verb="PATCH",version="v1alpha1"} 2
apiserver_request_total{code="200",group="",resource="",subresource="/metrics",verb="GET",version=""} 1e+06
apiserver_request_total_other{verb="POST"} 7
apiserver_request_duration_seconds_bucket{verb="POST",le="+Inf"} 9
process_start_time_seconds 1.7e+09
odd{text="a \\"quoted\\" } brace, and a comma"} 4
`;

describe('bench exposition', () => {
  it('reads series of exactly one metric', () => {
    assert.equal(samplesOf(TEXT, 'apiserver_request_total').length, 4);
    assert.deepEqual(samplesOf(TEXT, 'process_start_time_seconds').map(({ value }) => value), [1.7e9]);
    assert.equal(samplesOf(TEXT, 'apiserver').length, 0);
  });

  it('reads label values with quotes, braces and commas', () => {
    assert.equal(samplesOf(TEXT, 'odd')[0]?.labels.get('text'), 'a \\"quoted\\" } brace, and a comma');
  });

  it('sums the series that carry all the labels', () => {
    assert.equal(sumOf(TEXT, 'apiserver_request_total', { verb: 'POST' }), 203);
    assert.equal(sumOf(TEXT, 'apiserver_request_total', { verb: 'POST', code: '201' }), 200);
    assert.equal(sumOf(TEXT, 'absent'), 0);
  });

  it('counts requests over all codes, by verb and resource', () => {
    assert.deepEqual([...requestCounts(TEXT)], [
      ['POST networkpolicies', 203], ['PATCH namespacepolicybaselines/status', 2], ['GET /metrics', 1e6],
    ]);
  });

  it('tells what was added, and nothing that stayed', () => {
    const before = new Map([['POST a', 1], ['GET b', 5]]);
    const after = new Map([['POST a', 3], ['GET b', 5], ['DELETE c', 1]]);
    const since = requestsSince(before, after);
    assert.deepEqual([...since], [['DELETE c', 1], ['POST a', 2]]);
    assert.equal(countOf(since, isWrite), 3);
  });

  it('knows writes by their verb', () => {
    const verbs = ['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE', 'DELETECOLLECTION', 'GET', 'LIST', 'WATCH'];
    assert.deepEqual(verbs.filter((verb) => isWrite(`${verb} things`)), verbs.slice(0, 6));
  });
});
