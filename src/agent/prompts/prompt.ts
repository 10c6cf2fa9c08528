/** How a tool is called under the server's style of names: `get_xrd`, or `get` with `kind=xrd`. */
export type CalledAs = (tool: string) => string;

export interface PromptArgument {
  name: string;
  description: string;
  required: boolean;
  /** The tool whose list has the values to choose from. */
  listedBy?: string;
}

/** A task that a person chooses in the client, written down once so that it is done in the safe order. */
export interface PromptDefinition {
  name: string;
  /** For people. */
  title: string;
  description: string;
  arguments: readonly PromptArgument[];
  /** A server without one of these tools does not offer the prompt. */
  uses: readonly string[];
  /** The message to the model; an argument that was left out is not among `args`. */
  write(args: Readonly<Record<string, string>>, called: CalledAs): string;
}
