/** Lines of text with tones, for a terminal or a pipe. Nothing in them can move the cursor or end a line. */
import { safe, toned, type Tone } from './cell.ts';

export type LinePiece = string | { readonly text: string; readonly tone: Tone };

/** Every line ends with a line feed. */
export function linesText(lines: readonly (readonly LinePiece[])[], color: boolean): string {
  return lines.map((pieces) => `${pieces.map((piece) => pieceText(piece, color)).join('')}\n`).join('');
}

function pieceText(piece: LinePiece, color: boolean): string {
  return typeof piece === 'string' ? safe(piece) : toned(safe(piece.text), piece.tone, color);
}
