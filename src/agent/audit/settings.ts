import { z } from 'zod';

/** Of a server definition. A server in production mode has to have it. */
export const auditSettings = z.strictObject({
  /**
   * File that gets one line of JSON a call; `-` for standard output, which a server over stdio cannot use. Servers that name
   * one file share it.
   */
  logPath: z.string().min(1),
});
