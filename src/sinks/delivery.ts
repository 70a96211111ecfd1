import type { Result } from "../lib/result.ts";
import type { Answer } from "./post.ts";
import type { Delivery } from "./sink.ts";

/** Statuses that a later attempt may change. */
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * What an answer means. A 401 or 403 of a target is a fault of its configuration, never a delivery; a redirect is not
 * followed. Teams tells of throttling in the body of a 200.
 */
export function deliveryOf(host: string, answer: Result<Answer, string>): Delivery {
  if (!answer.ok) return { kind: "retry", because: answer.error };
  const { status, body, retryAfterMs } = answer.value;
  const wait = retryAfterMs === undefined ? {} : { afterMs: retryAfterMs };
  if (status >= 200 && status < 300) {
    return body.includes("HTTP error 429")
      ? { kind: "retry", because: `${host}: throttled`, ...wait }
      : { kind: "delivered", status };
  }
  if (LATER.has(status) || status >= 500) return { kind: "retry", because: `${host}: answered ${status}`, ...wait };
  if (status === 410)
    return {
      kind: "gone",
      because: `${host}: answered 410, gone for good. Give the target a new address and start again.`,
    };
  return { kind: "broken", because: `${host}: answered ${status}. Check the target's address and secrets.` };
}
