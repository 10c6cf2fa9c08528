import type { Link } from '../upstream/link.ts';

/** A loop that keeps something true from `start` until `stop` resolves. It is made anew for every start. */
export interface Controller {
  start(): void;
  stop(): Promise<void>;
}

export interface LeaderWorkOptions {
  /** What needs the app cluster only. */
  ofLeader: () => Controller[];
  /** What needs the control plane too: ended and made anew with every link. */
  ofLink: (link: Link) => Controller[];
}

/** What one replica at a time does: runs while the Lease is held, and, where it needs one, while there is a link. */
export class LeaderWork {
  readonly #options: LeaderWorkOptions;
  #leads = false;
  #link: Link | undefined;
  #ofLeader: Controller[] = [];
  #ofLink: Controller[] = [];
  #turn: Promise<void> = Promise.resolve();

  constructor(options: LeaderWorkOptions) {
    this.#options = options;
  }

  lead(): Promise<void> {
    return this.#change(() => (this.#leads = true));
  }

  /** Resolves when everything has ended: another replica may start the same work then. */
  resign(): Promise<void> {
    return this.#change(() => (this.#leads = false));
  }

  useLink(link: Link): Promise<void> {
    return this.#change(() => (this.#link = link));
  }

  /** One change after the other, so that a resignation never overtakes a start. */
  #change(apply: () => void): Promise<void> {
    const before = { leads: this.#leads, link: this.#link };
    apply();
    if (this.#leads === before.leads && this.#link === before.link) return this.#turn;
    this.#turn = this.#turn.then(() => this.#settle());
    return this.#turn;
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#ofLink.splice(0).map((controller) => controller.stop()));
    if (!this.#leads) await Promise.all(this.#ofLeader.splice(0).map((controller) => controller.stop()));
    if (!this.#leads) return;
    if (this.#ofLeader.length === 0) this.#ofLeader = started(this.#options.ofLeader());
    if (this.#link) this.#ofLink = started(this.#options.ofLink(this.#link));
  }
}

function started(controllers: Controller[]): Controller[] {
  for (const controller of controllers) controller.start();
  return controllers;
}
