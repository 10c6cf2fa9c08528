import type { ResourceRequest } from '../apimachinery/request-info.ts';
import type { AuditLog } from '../base/audit-log.ts';
import type { Exchange } from '../downstream/exchange.ts';
import { auditEventOf } from './audit-event.ts';
import type { Filter } from './filter.ts';
import { outcomeOf } from './outcome.ts';

export interface AuditDependencies {
  /** Undefined where nobody asked for one. */
  audit:
    | {
        log: Pick<AuditLog, 'write'>;
        /** Name on the control plane; undefined where that cannot be said. */
        storedName: (info: ResourceRequest, name: string) => string | undefined;
      }
    | undefined;
}

/** One line for each request that is not a health check, refused ones included, when its answer has closed. */
export function withAudit({ audit }: AuditDependencies): Filter {
  if (!audit) return () => undefined;
  return (exchange) => {
    exchange.record.takesTime = true;
    exchange.onClose(() => {
      const outcome = outcomeOf(exchange);
      audit.log.write(
        auditEventOf(exchange, { outcome, now: Date.now(), storedName: storedNameOf(exchange) }),
      );
    });
  };

  function storedNameOf({ infoIfKnown: info, record }: Exchange): string | undefined {
    if (!info?.isResource) return undefined;
    const name = info.name ?? record.objectName;
    return name === undefined ? undefined : audit?.storedName(info, name);
  }
}
