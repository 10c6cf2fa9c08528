/** What a connection's client certificate is worth: `absent` also where no CA is configured to judge it. */
export type Verdict<T> =
  | { state: 'absent' }
  | { state: 'refused'; reason: string }
  | { state: 'accepted'; value: T };
