import { type Logger, pino } from "pino";
import { redact } from "../lib/redact.ts";
import { plainText } from "../lib/plain-text.ts";

export type { Logger } from "pino";

/** JSON lines on standard error; secrets are redacted and characters that could forge a line are shown as code points. */
export function createLogger(level: string): Logger {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) =>
          Object.fromEntries(
            Object.entries(fields).map(([name, value]) => [
              name,
              typeof value === "string" ? plainText(redact(value)) : value,
            ]),
          ),
      },
      serializers: {
        err: (error: unknown) => (error instanceof Error ? redact(error.stack ?? error.message) : String(error)),
      },
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
