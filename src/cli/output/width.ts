/** How many columns of a terminal a text takes. Near enough for aligning; combining marks take none, East Asian ones two. */

const NARROW = /^[\u0020-\u007e]*$/;
const COMBINING = /\p{M}|\u200d|[\ufe00-\ufe0f]/u;
const DOUBLE = /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

export function widthOf(text: string): number {
  if (NARROW.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += widthOfOne(character);
  return width;
}

function widthOfOne(character: string): number {
  if (COMBINING.test(character)) return 0;
  return DOUBLE.test(character) ? 2 : 1;
}

export const padTo = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));

/** At most this wide; an ellipsis stands for what is missing. Blanks at the end are no loss. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  if (widthOf(text.trimEnd()) <= width) return padTo(text.trimEnd(), width);
  let kept = '';
  let left = width - 1;
  for (const character of text) {
    left -= widthOfOne(character);
    if (left < 0) break;
    kept += character;
  }
  return width <= 0 ? '' : `${kept}…`;
}
