import { shortId } from "../lib/hash.ts";
import { atOnce, flatInTurns, type InTurns } from "../lib/in-turns.ts";
import type { Evidence, PrivilegeCauseId } from "../model/cause.ts";
import type { Finding, FindingKind, Severity, Subject } from "../model/finding.ts";
import type { Instant } from "../model/time.ts";
import { causeOf } from "./finding-of.ts";
import { countsOf, type GatewayCount, type GatewayUse } from "./gateway-use.ts";

/** Fewer calls than these tell nothing. */
const LEAST_CALLS = 20;
/** API Management's name for its built-in subscription to all APIs. */
const ALL_ACCESS = "master";

/** What gateways let in that they should not, or more than is needed, as far as the logs prove it. */
export const gatewayFindings = (use: GatewayUse, now: Instant): readonly Finding[] =>
  atOnce(gatewayFindingsInTurns(use, now));

export function* gatewayFindingsInTurns(use: GatewayUse, now: Instant): InTurns<readonly Finding[]> {
  const counts = countsOf(use);
  const services = groupsBy(counts, ({ service }) => service);
  const by = (key: (count: GatewayCount) => string): readonly (readonly GatewayCount[])[] =>
    services.flatMap((own) => groupsBy(own, key));
  yield;
  const ofApis = by(({ api }) => api).flatMap((list) =>
    [withoutToken, withUnverifiedToken, anyScope].map((check) => ({ list, check })),
  );
  return [
    ...(yield* flatInTurns(ofApis, TURN_GROUPS, ({ list, check }) => check(list, now))),
    ...(yield* flatInTurns(
      by(({ subscription }) => subscription),
      TURN_GROUPS,
      (list) => sharedKey(list, now),
    )),
    ...(yield* overScopedAll(
      counts,
      by(({ app }) => app),
      now,
    )),
  ];
}

/** Groups that are looked at in one turn. */
const TURN_GROUPS = 8;

function* overScopedAll(
  counts: readonly GatewayCount[],
  byApp: readonly (readonly GatewayCount[])[],
  now: Instant,
): InTurns<readonly Finding[]> {
  const letIn = yield* scopesLetIn(counts);
  return yield* flatInTurns(byApp, TURN_GROUPS, (list) => overScoped(list, letIn, now));
}

const groupsBy = (
  counts: readonly GatewayCount[],
  key: (count: GatewayCount) => string,
): readonly (readonly GatewayCount[])[] => [...Map.groupBy(counts, key).values()];

/** The operation of a gateway. */
const placeOf = ({ service, api, operation }: GatewayCount): string => `${service}|${api}|${operation}`;

/** By operation, the sets of scopes with which validated tokens were let in often enough: smallest first. */
type ScopesLetIn = ReadonlyMap<string, readonly (readonly string[])[]>;

function* scopesLetIn(counts: readonly GatewayCount[]): InTurns<ScopesLetIn> {
  const valid = counts.filter(({ token }) => token === "validated");
  const byPlace = Map.groupBy(valid, placeOf);
  yield;
  return new Map(
    yield* flatInTurns(byPlace, TURN_GROUPS, ([place, own]) => [
      [
        place,
        [...Map.groupBy(own, ({ scopes }) => scopes.join(" ")).values()]
          .filter((list) => sum(list) >= LEAST_CALLS)
          .map((list) => list[0]?.scopes ?? [])
          .toSorted((a, b) => a.length - b.length || (a.join(" ") < b.join(" ") ? -1 : 1)),
      ] as const,
    ]),
  );
}

const sum = (list: readonly GatewayCount[]): number => list.reduce((total, { calls }) => total + calls, 0);

/** Operations that let calls in without a token, in an API of which others show a validated one. */
function withoutToken(list: readonly GatewayCount[], now: Instant): readonly Finding[] {
  if (sum(list.filter(({ token }) => token === "validated")) < LEAST_CALLS) return [];
  const bare = [...Map.groupBy(list, ({ operation }) => operation)]
    .map(([operation, own]) => ({ operation, bare: own.filter(({ token }) => token === "none"), all: sum(own) }))
    .filter((one) => sum(one.bare) >= LEAST_CALLS)
    .toSorted((a, b) => sum(b.bare) - sum(a.bare));
  const [first] = bare;
  if (first === undefined) return [];
  const own = bare.flatMap((one) => one.bare);
  const keyless = sum(own.filter(({ subscription }) => subscription === ""));
  return [
    build(own, now, {
      kind: "unvalidated-api",
      cause: "token-not-validated",
      confidence: 0.8,
      severity: keyless >= LEAST_CALLS ? "high" : "medium",
      title: `${sum(own)} calls of ${first.bare[0]?.api ?? ""} were let in without a validated token, ${keyless} of them without a subscription key.`,
      subject: subjectOf(own),
      evidence: [
        {
          says: `Other calls of this API carry the claims of a validated token, so that its policy tells them; these ${sum(own)} do not.`,
          fields: { calls: sum(own), withoutKey: keyless },
        },
        ...bare.slice(0, 5).map((one) => ({
          says: `${one.operation}: ${sum(one.bare)} of ${one.all} calls without a token.`,
          fields: { operation: one.operation, calls: sum(one.bare) },
        })),
      ],
      says: "Validate the token (validate-jwt or validate-azure-ad-token) for the whole API, above any operation; or document which operations are open.",
    }),
  ];
}

/** Tokens that were read and not validated, on calls that were let in. */
function withUnverifiedToken(list: readonly GatewayCount[], now: Instant): readonly Finding[] {
  const own = list.filter(({ token }) => token === "unverified");
  if (sum(own) < LEAST_CALLS) return [];
  return [
    build(own, now, {
      kind: "unvalidated-api",
      cause: "token-not-validated",
      confidence: 0.6,
      severity: "medium",
      apart: "unverified",
      title: `${sum(own)} calls of ${own[0]?.api ?? ""} were let in with a token that the gateway did not validate.`,
      subject: subjectOf(own),
      evidence: [
        {
          says: "The claims were written down as unverified, and no trace after a validation follows on these calls.",
          fields: { calls: sum(own) },
        },
      ],
      says: "Validate the token before the backend is called. If it is validated, put the claims trace behind the validation.",
    }),
  ];
}

/** Operations that let in tokens with scopes and tokens with none: no scope is asked for. */
function anyScope(list: readonly GatewayCount[], now: Instant): readonly Finding[] {
  const open = [...Map.groupBy(list, ({ operation }) => operation)].flatMap(([operation, all]) => {
    const valid = all.filter(({ token }) => token === "validated");
    const without = valid.filter(({ scopes }) => scopes.length === 0);
    const isOpen = sum(without) >= LEAST_CALLS && sum(valid) - sum(without) >= LEAST_CALLS;
    return isOpen ? [{ operation, without, calls: sum(valid) }] : [];
  });
  const [first] = open;
  if (first === undefined) return [];
  const own = open.flatMap(({ without }) => without);
  return [
    build(own, now, {
      kind: "unvalidated-api",
      cause: "any-scope-accepted",
      confidence: 0.8,
      severity: "low",
      apart: "any-scope",
      title: `${open.length} ${open.length === 1 ? "operation" : "operations"} of ${first.without[0]?.api ?? ""} let tokens in that hold no scope and no role.`,
      subject: subjectOf(own),
      evidence: open.slice(0, 5).map(({ operation, without, calls }) => ({
        says: `${operation}: ${sum(without)} of ${calls} calls with a validated token that holds neither scope nor role.`,
        fields: { operation, calls: sum(without) },
      })),
      says: "Ask for the scope or role that the operation needs (required-claims), so that a token for something else is refused.",
    }),
  ];
}

/** A key that several applications use, or the one that opens everything. */
function sharedKey(list: readonly GatewayCount[], now: Instant): readonly Finding[] {
  const [first] = list;
  if (first === undefined || first.subscription === "") return [];
  const isAllAccess = first.subscription.toLowerCase() === ALL_ACCESS;
  const apps = [...Map.groupBy(list, ({ app }) => app)]
    .filter(([app, own]) => app !== "" && sum(own) >= LEAST_CALLS)
    .toSorted(([, a], [, b]) => sum(b) - sum(a));
  if (isAllAccess ? sum(list) < LEAST_CALLS : apps.length < 2) return [];
  return [
    build(list, now, {
      kind: "shared-subscription-key",
      cause: isAllAccess ? "all-access-key-in-use" : "key-shared-by-applications",
      confidence: isAllAccess ? 1 : 0.9,
      severity: isAllAccess ? "high" : "medium",
      title: isAllAccess
        ? `The built-in all-access subscription of ${first.service} is used for ${sum(list)} calls: it opens every API.`
        : `The key of subscription ${first.subscription} is used by ${apps.length} applications: a call does not tell whose it is, and none can be stopped alone.`,
      subject: { principal: first.subscription, principalKind: "subscription" },
      evidence: apps.slice(0, 5).map(([app, own]) => ({
        says: `Application ${app}: ${sum(own)} calls with a validated token and this key.`,
        fields: { app, calls: sum(own) },
      })),
      says: isAllAccess
        ? "Give each caller a subscription to the product that it uses, then renew the all-access keys."
        : "Give each application a subscription of its own, then renew this one's keys.",
    }),
  ];
}

/**
 * Scopes of an application's tokens that no operation it called can have needed: on each of them, other tokens with a part
 * of its scopes were let in. That holds where an operation that lets a token in lets one in that holds more, too.
 */
function overScoped(own: readonly GatewayCount[], letIn: ScopesLetIn, now: Instant): readonly Finding[] {
  const [first] = own;
  if (first === undefined || first.app === "" || sum(own) < LEAST_CALLS) return [];
  const presented = new Set(own.flatMap(({ scopes }) => scopes));
  const needed = new Set<string>();
  const operations = new Set(own.map(placeOf));
  for (const place of operations) {
    const smallest = letIn.get(place)?.find((scopes) => scopes.every((scope) => presented.has(scope)));
    // Without a witness each scope may be needed.
    for (const scope of smallest ?? presented) needed.add(scope);
  }
  const surplus = [...presented].filter((scope) => !needed.has(scope)).toSorted();
  if (surplus.length === 0) return [];
  return [
    build(own, now, {
      kind: "over-scoped-token",
      cause: "scope-wider-than-use",
      confidence: 0.7,
      severity: "low",
      title: `Tokens of application ${first.app} hold ${surplus.length === 1 ? "a scope or role" : `${surplus.length} scopes and roles`} that none of the ${operations.size} operations it called needs.`,
      subject: { principal: first.app, principalKind: "service-principal" },
      evidence: [
        {
          says: `Not needed: ${surplus.slice(0, 10).join(", ")}. Presented: ${[...presented].toSorted().slice(0, 10).join(", ")}.`,
          fields: { surplus: surplus.length, presented: presented.size },
        },
        {
          says: "On each operation that it called, tokens without these were let in.",
          fields: { operations: operations.size },
        },
      ],
      says: "Take the scopes and roles back that it does not need, or let it ask for single scopes instead of .default.",
    }),
  ];
}

interface Told {
  readonly kind: FindingKind;
  readonly cause: PrivilegeCauseId;
  readonly confidence: number;
  readonly severity: Severity;
  readonly title: string;
  readonly subject: Subject;
  readonly evidence: readonly Evidence[];
  readonly says: string;
  /** What tells two findings of one kind and subject apart. */
  readonly apart?: string;
}

function subjectOf(own: readonly GatewayCount[]): Subject {
  const operations = new Set(own.map(({ operation }) => operation));
  const [first] = own;
  return {
    api: first?.api ?? "",
    ...(operations.size === 1 && first !== undefined && first.operation !== "" ? { operation: first.operation } : {}),
  };
}

function build(own: readonly GatewayCount[], now: Instant, told: Told): Finding {
  const { kind, cause, confidence, severity, title, subject, evidence, says, apart = "" } = told;
  const about = `${own[0]?.service ?? ""}|${subject.api ?? ""}|${subject.principal ?? ""}|${apart}`;
  return {
    id: `F-${shortId(`${kind}|${about}`, 10)}`,
    kind,
    severity,
    status: "open",
    title,
    subject,
    onset: own.reduce((first, count) => (count.first < first ? count.first : first), own[0]?.first ?? now),
    end: null,
    detectedAt: now,
    counts: { calls: sum(own), refused: 0, status: { "401": 0, "403": 0 }, usualRate: 0 },
    layer: "gateway",
    splits: [],
    cause: causeOf(cause, confidence, evidence),
    fix: { says, commands: [] },
    privilege: null,
    samples: { refused: [], succeeded: [] },
  };
}
