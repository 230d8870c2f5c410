/** The smallest change as YAML that can be applied; everything else about it as comments. */
import { firstText, insteadText, leftText, widerText } from '../analyze/explain/change-words.ts';
import { manifestOf } from '../analyze/explain/document.ts';
import type { Case, Explanation } from '../analyze/explain/explanation.ts';
import { partyText } from '../analyze/explain/lines.ts';
import { pathText, refText, rulePath, VERDICT_WORDS } from '../analyze/explain/words.ts';
import type { Change } from '../netpol/smallest-change.ts';
import { safe } from './output/cell.ts';
import { toYaml } from './output/yaml.ts';

/** Ends with a line feed. Equal changes of several cases once. */
export function fixText({ cases }: Explanation): string {
  const blocks = new Map<string, string>();
  for (const found of cases) {
    for (const change of found.changes) {
      const block = blockOf(change);
      if (!blocks.has(block)) blocks.set(block, `${comment(`${change.direction}: ${firstText(change)}`)}${block}`);
    }
  }
  return [...cases.map(headline), ...joined([...blocks.values()])].join('');
}

function headline({ verdict, from, to, changes, left }: Case): string {
  const change = changes.length > 0 ? '' : verdict === 'allowed' ? ': nothing to change' : ': no change of policies that are evaluated would tell';
  const more = leftText(left);
  return comment(`${VERDICT_WORDS[verdict]}  ${partyText(from)} -> ${partyText(to)}${change}`) + (more === undefined ? '' : comment(`${more}.`));
}

/** Only documents need a separator between them, not comments. */
function joined(blocks: readonly string[]): string[] {
  return blocks.map((block, index) => (index === 0 ? block : `---\n${block}`));
}

/** What can be applied without more thought is no comment. */
function blockOf(change: Change): string {
  switch (change.kind) {
    case 'policy': return toYaml(manifestOf(change.policy));
    case 'exception': {
      const { decider, direction, rule, wider, instead } = change;
      const exception = `${comment(`To be put before ${pathText(rulePath(decider, direction))} of ${refText(decider)}${widerText(wider)}:`)}${commented(toYaml([rule]))}`;
      return instead === undefined ? exception : `${exception}${comment(`Or ${insteadText(instead)}:`)}${commented(toYaml(manifestOf(instead.policy)))}`;
    }
    case 'impossible': return '';
  }
}

function comment(text: string): string {
  return `# ${safe(text)}\n`;
}

function commented(yaml: string): string {
  return yaml.trimEnd().split('\n').map((line) => `#   ${line}\n`).join('');
}
