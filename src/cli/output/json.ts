/** Values as JSON for programs: two blanks of indentation, one line feed at the end. */

export function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
