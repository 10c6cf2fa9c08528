/** Why a request of the console is not answered with what it asked for: a page with one sentence, or JSON with it. */
export class ConsoleRefusal extends Error {
  readonly status: number;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, message: string, retryAfterSeconds?: number) {
    super(message);
    this.name = 'ConsoleRefusal';
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
