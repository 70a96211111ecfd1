import type { Finding } from "../model/finding.ts";
import { type Instant, instantFromMs } from "../model/time.ts";
import { exceptionFor } from "./exceptions.ts";
import { build, causeOf, dateOf, type Judging } from "./finding-of.ts";
import { type Holder, isTried } from "./holder.ts";
import { dayOf } from "./ledger.ts";
import { privilegeOf } from "./privilege-of.ts";

const DAY_MS = 86_400_000;
/** Days without a use after which it is over. */
const QUIET_DAYS = 90;

/** What is for emergencies was used. `about`: what the exception names, the holder's principal by default. */
export function breakGlassUse(holder: Holder, judging: Judging, about: string = holder.principal): readonly Finding[] {
  const exception = exceptionFor(judging.exceptions, about, holder.account);
  const uses = holder.uses.filter(isTried);
  if (exception?.kind !== "break-glass" || uses.length === 0) return [];
  const last = uses.reduce((latest, { days }) => Math.max(latest, days.at(-1) ?? latest), 0);
  if (dayOf(judging.now) - last > QUIET_DAYS) return [];
  const privilege = privilegeOf(holder);
  const calls = uses.reduce((sum, { succeeded, other }) => sum + succeeded + other, 0);
  const firstDay = uses.reduce((first, { days }) => Math.min(first, days[0] ?? first), Number.POSITIVE_INFINITY);
  const what =
    holder.kind === "key"
      ? `Keys of ${holder.account}, which are for emergencies, were`
      : `The break-glass identity ${holder.principal} was`;
  return [
    build(holder, judging, {
      kind: "break-glass-used",
      about,
      severity: "high",
      title: `${what} used${holder.kind === "key" ? "" : ` on ${holder.account}`}: ${calls} calls.`,
      cause: causeOf("break-glass-in-use", 1, [
        {
          says: `${calls} calls of what is for emergencies only, the last on ${dateOf(startOf(last))}.`,
          fields: { calls, clients: holder.clients().length },
        },
      ]),
      says: `Ask ${exception.owner} whether this was an emergency; if it was not, ${holder.kind === "key" ? "renew the keys" : "take its credentials back"}.`,
      privilege,
      onset: Number.isFinite(firstDay) ? startOf(firstDay) : privilege.exposure.from,
      commands: [],
    }),
  ];
}

const startOf = (day: number): Instant => instantFromMs(day * DAY_MS);
