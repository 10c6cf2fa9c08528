/**
 * Control characters, and those that a person does not see and a model reads: zero width, change of direction, the tags of
 * U+E0000, variation selectors beyond emoji. Line feed and tab stay.
 */
const unseen =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB]|[\u{E0000}-\u{E0FFF}]/gu;

export function visibleText(text: string): string {
  return text.replace(unseen, '');
}

/** For a place that holds one line. */
export function oneLine(text: string, maxLength = 600): string {
  const line = visibleText(text).replaceAll(/\s+/g, ' ').trim();
  return line.length <= maxLength
    ? line
    : `${line.slice(0, maxLength)}… (${line.length - maxLength} more characters)`;
}

export function visible<T>(value: T): T {
  if (typeof value === 'string') return visibleText(value) as T;
  if (Array.isArray(value)) return value.map((item: unknown) => visible(item)) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [visibleText(key), visible(child as unknown)]),
  ) as T;
}
