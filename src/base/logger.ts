import pino from 'pino';

/** Log keys are camelCase as in klog: `namespace`, `name`, `auditID`, `err`. */
export type Logger = pino.Logger;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * One JSON line per record on stderr, so that stdout stays free for what a command prints.
 * Credentials are redacted here as the last line of defence; no caller is meant to hand them in.
 */
export function createLogger(level: LogLevel): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: pino.stdSerializers.errWithCause },
      redact: {
        paths: ['authorization', '*.authorization', 'token', '*.token', 'kubeconfig'],
        censor: '[redacted]',
      },
    },
    pino.destination({ fd: 2, sync: true }),
  );
}

/** For tests and for the parts of the CLI that have nobody to talk to. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}
