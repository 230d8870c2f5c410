/** docs/configuration.md: every setting of `npb operator`, from the table that parses them. */
import { SETTING_GROUPS, SETTINGS, type Setting } from '../../src/config.ts';
import { markdownTable } from './markdown.ts';

export function configurationPage(): string {
  return [
    '# Configuration',
    '',
    '<!-- Generated from src/config.ts by `npm run generate`; changes made here are lost. -->',
    '',
    'The settings of `npb operator`. Each is a flag and a variable; the flag wins. What the operator shall do is not here: that is the',
    'spec of a [baseline](concepts.md). Values that cannot be used are refused at the start, all of them in one message, and so is a flag',
    'that there is not. A variable that begins with `NPB_` and is none of these is ignored, with a warning at the start.',
    '',
    'Durations are written as Go writes them: `500ms`, `30s`, `1h30m`.',
    '',
    ...SETTING_GROUPS.flatMap((group) => [`## ${group}`, '', ...tableOf(group), '']),
    'Without `--kubeconfig` the operator takes the files of the variable `KUBECONFIG`, then the ServiceAccount of its pod, then',
    '`~/.kube/config`. Several files are merged as kubectl merges them.',
    '',
  ].join('\n');
}

function tableOf(group: string): string[] {
  const settings = Object.values<Setting<unknown>>(SETTINGS).filter((setting) => setting.group === group);
  return markdownTable(['flag', 'variable', 'default', 'meaning'], settings.map(({ flag, env, value, fallbackText, help }) => [
    `\`--${flag} ${value}\``, `\`${env}\``, fallbackText ?? '', help,
  ]));
}
