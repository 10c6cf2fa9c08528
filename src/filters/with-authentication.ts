import type { TLSSocket } from 'node:tls';
import type { Authenticator } from '../authentication/authenticator.ts';
import type { Filter } from './filter.ts';

export interface AuthenticationDependencies {
  authenticator: Pick<Authenticator, 'authenticate'>;
}

export function withAuthentication({ authenticator }: AuthenticationDependencies): Filter {
  return (exchange) => {
    const { rawHeaders, socket } = exchange.req;
    const user = authenticator.authenticate({ rawHeaders, socket: socket as TLSSocket });
    if (!(user instanceof Promise)) {
      exchange.user = user;
      return undefined;
    }
    return user.then((known) => {
      exchange.user = known;
    });
  };
}
