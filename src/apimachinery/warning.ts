/** A value of the Warning header with this text (apimachinery/pkg/util/net/http.go, NewWarningHeader). */
export function warningValue(text: string): string {
  return `299 - "${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}
