/**
 * What a tool answers. The text is made from it in one place (answers/render.ts), where also secrets are taken out, what comes
 * from the cluster is marked as data, and the size is capped; a tool never prints.
 */
export interface ToolAnswer {
  /** One line: what was done or found ("3 XRDs, 1 not established"). */
  summary: string;
  /** One object, as a few named facts; nested ones are printed indented. */
  object?: Record<string, unknown>;
  /** Rows of a list; every row has the same keys, in the order of the columns. */
  items?: readonly Record<string, unknown>[];
  /** Of all pages, where it is known. */
  total?: number;
  /** Opaque; the next page begins there (answers/cursor.ts). */
  nextCursor?: string;
  /** A manifest, where `detail: full` asked for one: pruned, redacted and capped by the renderer. */
  manifest?: Record<string, unknown>;
  /** What to look out for; the API server's Warning headers are added to them. */
  warnings?: readonly string[];
  /** Calls that make sense next: `get_xrd name=…`. */
  next?: readonly string[];
}
