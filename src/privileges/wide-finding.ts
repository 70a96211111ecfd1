import { shortId } from "../lib/hash.ts";
import type { Evidence } from "../model/cause.ts";
import type { Finding, Severity } from "../model/finding.ts";
import { type Instant, instantFromMs } from "../model/time.ts";
import { gapTexts } from "./abstain.ts";
import { GRACE_DAYS, isEnough } from "./exposure.ts";
import { causeOf, dateOf } from "./finding-of.ts";
import { fitPrior, unneeded } from "./score.ts";
import type { Opening } from "./wide-access.ts";
import { adviceOf, commandsOf } from "./wide-way.ts";

const DAY_MS = 86_400_000;
const SHOWN = 10;

/** A product or subscription that opens APIs which it does not call; none where it calls all. */
export function wideFinding(opening: Opening, now: Instant): readonly Finding[] {
  const { service, of, name, granted, used, calls, exposure } = opening;
  const unused = granted.filter((api) => !used.includes(api));
  if (unused.length === 0 || exposure === undefined) return [];
  const notes = abstentions(opening);
  const { score, confidence } = scoreOf(opening, unused.length);
  const isSure = notes.every(({ fields }) => fields["abstains"] === "log-gap");
  const severity: Severity = isSure && score >= 34 ? "medium" : "low";
  const id = used.length === 0 && of === "subscription" ? "subscription-without-use" : WIDER[of];
  return [
    {
      id: `F-${shortId(`access-wider-than-use|${service}|${of}|${name}`, 10)}`,
      kind: "access-wider-than-use",
      severity,
      status: "open",
      title: titleOf(opening, unused.length),
      subject: of === "product" ? { product: name } : { principal: name, principalKind: "subscription" },
      onset: instantFromMs(exposure.from * DAY_MS),
      end: null,
      detectedAt: now,
      counts: { calls, refused: 0, status: { "401": 0, "403": 0 }, usualRate: 0 },
      layer: "gateway",
      splits: [],
      cause: causeOf(id, confidence, [...evidenceOf(opening, unused, score), ...notes]),
      fix: isSure
        ? { says: adviceOf(opening), commands: commandsOf(opening, unused) }
        : { says: "Review it with its owner: what was observed is not enough to take anything away.", commands: [] },
      privilege: null,
      samples: { refused: [], succeeded: [] },
    },
  ];
}

const WIDER = { product: "product-wider-than-use", subscription: "subscription-wider-than-use" } as const;

const apisText = (count: number): string => (count === 1 ? "1 API" : `${count} APIs`);

function titleOf({ of, name, service, granted, used }: Opening, unused: number): string {
  if (of === "product")
    return `Product ${name} of ${service} opens ${apisText(granted.length)}, of which ${unused === granted.length ? "none" : unused} ${unused === granted.length ? "was called" : unused === 1 ? "was not called" : "were not called"} through it.`;
  return used.length === 0
    ? `Subscription ${name} of ${service} opens ${apisText(granted.length)} and called none.`
    : `Subscription ${name} of ${service} opens ${apisText(granted.length)} and called ${used.length}.`;
}

/** `100 × (0.7 × excess × confidence + 0.3 × reach)`, over APIs; docs/privileges.md has it. */
function scoreOf(
  { granted, known, exposure }: Opening,
  unused: number,
): { readonly score: number; readonly confidence: number } {
  const confidence = unneeded(fitPrior([]), exposure?.days ?? 0);
  const reach = Math.log1p(granted.length) / Math.log1p(Math.max(known, granted.length));
  const score = 100 * (0.7 * (unused / granted.length) * confidence + 0.3 * reach);
  return { score: Math.round(10 * score) / 10, confidence };
}

function evidenceOf(
  { granted, used, operations, last, exposure, calls }: Opening,
  unused: readonly string[],
  score: number,
): readonly Evidence[] {
  const list = (apis: readonly string[]): string =>
    apis.length > SHOWN ? `${apis.slice(0, SHOWN).join(", ")} and ${apis.length - SHOWN} more` : apis.join(", ");
  return [
    {
      says: `Not called in ${exposure?.days ?? 0} observed days: ${list(unused)}. Score ${score.toFixed(1)} of 100.`,
      fields: { score, granted: granted.length, used: used.length, days: exposure?.days ?? 0 },
    },
    ...(used.length === 0 || last === undefined
      ? []
      : [{ says: `Called: ${list(used)}; ${calls} calls, the last on ${dateOf(last)}.`, fields: { calls } }]),
    ...(operations === undefined
      ? []
      : [
          {
            says: `${operations.used} of ${operations.granted} operations of these APIs were called.`,
            fields: { operations: operations.granted, operationsUsed: operations.used },
          },
        ]),
  ];
}

/** Why less is concluded than the numbers alone would allow. */
function abstentions({ exposure, isListed, uncounted, granted }: Opening): readonly Evidence[] {
  const note = (abstains: string, says: string): Evidence => ({ says, fields: { abstains } });
  if (exposure === undefined) return [];
  const { days, longestPeriod, quarterEnd, from, to } = exposure;
  const wanted = Math.max(30, 2 * longestPeriod);
  return [
    ...(isEnough(exposure)
      ? []
      : [
          note(
            "not-enough-exposure",
            `${days} of at least ${wanted} days were observed${quarterEnd ? "" : ", and no end of a quarter is among them"}.`,
          ),
        ]),
    ...(to - from + 1 < GRACE_DAYS ? [note("new-grant", `What is new is not judged for ${GRACE_DAYS} days.`)] : []),
    ...gapTexts(exposure, "call of the gateway").map((says) => note("log-gap", says)),
    ...(isListed
      ? []
      : [
          note(
            "apis-not-listed",
            `No list tells which APIs it opens: it is at least the ${apisText(granted.length)} that logs name.`,
          ),
        ]),
    ...(uncounted === 0
      ? []
      : [note("uses-not-counted", `${uncounted} calls were not told apart: some may be of these APIs.`)]),
  ];
}
