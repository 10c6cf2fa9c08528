const escapes: Record<string, string> = {
  '<': String.raw`\u003c`,
  '>': String.raw`\u003e`,
  '&': String.raw`\u0026`,
  '\u2028': String.raw`\u2028`,
  '\u2029': String.raw`\u2029`,
};

/** A value in the bytes that Go's encoding/json prints, so that what is made of it (ETags) is the same too. */
export function goJson(value: unknown): string {
  return escapeHtml(JSON.stringify(value));
}

/** JSON text with what HTML or JavaScript would read escaped, as Go's json.HTMLEscape does. */
export function escapeHtml(json: string): string {
  return json.replaceAll(/[<>&\u2028\u2029]/g, (character) => escapes[character] ?? character);
}
