/** The kind `Report` as its project publishes it: github.com/openreports/reports-api, Apache-2.0. Downloaded when a test needs it, not copied. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { moduleSource } from '../tools/module-source.ts';
import type { Api } from './api.ts';
import { eventually } from './eventually.ts';

const PIN = { path: 'github.com/openreports/reports-api', version: 'v0.2.1', sum: 'h1:g9KS3yle9Y1elmww4TK9EkD1rl6inIaiIJPX6e+u680=' };
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

/** Path of all reports, or of those in a namespace. */
export const reportsIn = (namespace?: string): string => `/apis/openreports.io/v1alpha1${namespace === undefined ? '' : `/namespaces/${namespace}`}/reports`;

/** Makes the CRD and waits until reports can be made. Throws where the module cannot be downloaded. */
export async function serveReports(api: Api): Promise<void> {
  const crd = parse(await readFile(join(await moduleSource(PIN), 'config/crd/openreports.io_reports.yaml'), 'utf8')) as object;
  const { code, body } = await api.post(CRDS, crd);
  assert.equal(code, 201, JSON.stringify(body));
  await eventually(async () => (await api.get(reportsIn())).code, (found) => assert.equal(found, 200, 'reports are not served'), { withinMs: 20_000 });
}

/** Deletes the CRD with all reports, and waits for that. */
export async function withdrawReports(api: Api): Promise<void> {
  await api.delete(`${CRDS}/reports.openreports.io`);
  await eventually(async () => (await api.get(`${CRDS}/reports.openreports.io`)).code, (found) => assert.equal(found, 404), { withinMs: 20_000 });
}
