import type { UserInfo } from '../authentication/user-info.ts';
import type { Exchange } from '../downstream/exchange.ts';

/** How many requests of one kind may be under way; 0 means any number, as in kube-apiserver's flags. */
export interface InFlightLimits {
  total: number;
  perUser: number;
}

/** Which of the limits was reached. */
export type Reached = 'total' | 'user';

/**
 * The requests of one kind that are under way, counted in all and by user. A tenth of the total is kept for the control
 * loops of the cluster: without an answer to them, namespaces stay Terminating and nothing is collected, whoever fills
 * the rest. Costs a request two look-ups by the user's name.
 */
export class InFlight {
  readonly #open = new Set<Exchange>();
  readonly #ofUser = new Map<string, number>();
  readonly #total: number;
  readonly #forUsers: number;
  readonly #perUser: number;

  constructor({ total, perUser }: InFlightLimits) {
    this.#total = total || Infinity;
    this.#forUsers = this.#total - (total ? Math.floor(total / 10) : 0);
    this.#perUser = perUser || Infinity;
  }

  get size(): number {
    return this.#open.size;
  }

  exchanges(): Iterable<Exchange> {
    return this.#open;
  }

  /** Takes the request in, until its answer is complete or broken off; says which limit keeps it out. */
  enter(exchange: Exchange): Reached | undefined {
    const { user } = exchange;
    const own = this.#ofUser.get(user.name) ?? 0;
    const reached = own >= this.#perUser ? 'user' : this.#open.size >= this.#forUsers ? 'total' : undefined;
    // Who they are is looked at only where it counts.
    if (reached && !(isControlLoop(user) && this.#open.size < this.#total)) return reached;
    this.#ofUser.set(user.name, own + 1);
    this.#open.add(exchange);
    exchange.onClose(() => this.#leave(exchange, user.name));
    return undefined;
  }

  #leave(exchange: Exchange, name: string): void {
    this.#open.delete(exchange);
    const left = (this.#ofUser.get(name) ?? 1) - 1;
    // Names that are not under way are forgotten: whoever authenticates could fill the memory with them.
    if (left > 0) this.#ofUser.set(name, left);
    else this.#ofUser.delete(name);
  }
}

const components = new Set([
  'system:kube-controller-manager',
  'system:kube-scheduler',
  'system:kube-aggregator',
  'system:aggregator',
  'system:apiserver',
]);

/** The controllers of kube-controller-manager have service accounts of kube-system (--use-service-account-credentials). */
function isControlLoop({ name, groups }: UserInfo): boolean {
  return (
    components.has(name) ||
    name.startsWith('system:serviceaccount:kube-system:') ||
    groups.includes('system:masters')
  );
}
