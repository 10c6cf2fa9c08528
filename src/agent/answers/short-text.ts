import { redactText } from './secret-text.ts';
import { visibleText } from './visible-text.ts';

/** One line of at most so many characters. Credentials are taken out first: half of one is not known by its shape. */
export function shortText(text: string, length: number): string {
  const line = visibleText(redactText(text)).replaceAll(/\s+/g, ' ').trim();
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}
