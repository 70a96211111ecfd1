import { entry } from "../lib/entry.ts";
import { atOnce, flatInTurns, type InTurns } from "../lib/in-turns.ts";
import type { BlindSpot, Finding } from "../model/finding.ts";
import type { GatewayScope } from "../model/gateway-inventory.ts";
import type { Instant } from "../model/time.ts";
import { type Exposure, exposureOf, longestStep, type Watched } from "./exposure.ts";
import { type AccessUse, accessUses, observedDaysOf } from "./gateway-access.ts";
import type { ServiceGrants } from "./gateway-grants.ts";
import { lostDays } from "./losses.ts";
import type { Privileges } from "./privileges.ts";
import { wideFinding } from "./wide-finding.ts";

/** What a product or a subscription opens, and what of it was called. Names are lower-cased. */
export interface Opening {
  readonly service: string;
  /** ARM id of the service. */
  readonly serviceId: string;
  readonly of: "product" | "subscription";
  readonly name: string;
  readonly scope: GatewayScope;
  /** APIs that it opens and that are to be told here. */
  readonly granted: readonly string[];
  readonly used: readonly string[];
  /** Operations of the granted APIs, as lists tell; undefined where they are not listed for each. */
  readonly operations: { readonly granted: number; readonly used: number } | undefined;
  readonly calls: number;
  readonly last: Instant | undefined;
  /** APIs that the gateway is known to have. */
  readonly known: number;
  /** Whether a list told all APIs that it opens; else they are those that logs name. */
  readonly isListed: boolean;
  /** Undefined where no call of the gateway was seen since it is there. */
  readonly exposure: Exposure | undefined;
  /** Calls that were not told apart: some may be its. */
  readonly uncounted: number;
}

/** The built-in subscription: its use has a finding of its own, and it cannot be made narrower. */
const ALL_ACCESS = "master";

/** Products that hold APIs which nobody calls through them, and subscriptions that open more than they call. */
export const wideAccess = (privileges: Privileges, now: Instant): readonly Finding[] =>
  atOnce(wideAccessInTurns(privileges, now));

export function* wideAccessInTurns(privileges: Privileges, now: Instant): InTurns<readonly Finding[]> {
  const { gatewayAccess, gatewayGrants } = privileges;
  if (gatewayGrants.services.size === 0) return [];
  const lost = lostDays(privileges.losses, now);
  const byService = Map.groupBy(accessUses(gatewayAccess), ({ service }) => service);
  const found: (readonly Finding[])[] = [];
  for (const [name, grants] of [...gatewayGrants.services].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    yield;
    const known = knownOf(gatewayAccess, { service: name, lost, grants, uses: byService.get(name) ?? [] });
    const openings = (opening: readonly Opening[]): readonly Finding[] =>
      opening.flatMap((one) => wideFinding(one, now));
    found.push(
      yield* flatInTurns(grants.products, 1, (product) => openings(productOf(known, product))),
      yield* flatInTurns(grants.subscriptions, TURN_KEYS, (key) => openings(subscriptionOf(known, key))),
    );
  }
  return found.flat();
}

/** Subscriptions that are looked at in one turn. */
const TURN_KEYS = 8;

interface Known {
  readonly service: string;
  readonly grants: ServiceGrants;
  readonly uses: readonly AccessUse[];
  readonly bySubscription: ReadonlyMap<string, readonly AccessUse[]>;
  /** Listed, or called. */
  readonly apis: ReadonlySet<string>;
  readonly watched: Watched;
  readonly uncounted: number;
  /** Product → APIs that were called through it or with a key of it. */
  readonly calledOf: ReadonlyMap<string, ReadonlySet<string>>;
}

type Taken = Pick<Known, "service" | "grants" | "uses"> & Pick<Watched, "lost">;

function knownOf(access: Privileges["gatewayAccess"], { service, grants, uses, lost }: Taken): Known {
  const inProducts = [...grants.products.values()].flatMap(({ apis }) => Array.from(apis));
  const calledOf = new Map<string, Set<string>>();
  for (const { product, subscription, api } of uses) {
    for (const name of throughOf(grants, { product, subscription, api }))
      entry(calledOf, name, () => new Set<string>()).add(api);
  }
  return {
    service,
    grants,
    uses,
    bySubscription: Map.groupBy(uses, ({ subscription }) => subscription),
    apis: new Set([...grants.apis, ...inProducts, ...uses.map(({ api }) => api)]),
    watched: { observed: new Set(observedDaysOf(access, service)), lost },
    uncounted: access.beyond,
    calledOf,
  };
}

/** Products that a use may have come through: told by the log, or by the key; of a key that no list has, all with the API. */
function throughOf(
  { products, subscriptions }: ServiceGrants,
  { product, subscription, api }: Pick<AccessUse, "product" | "subscription" | "api">,
): readonly string[] {
  const scope = subscriptions.get(subscription)?.scope;
  if (scope?.kind === "product") return [product, scope.product];
  if (product !== "" || scope !== undefined || subscription === "" || subscription === ALL_ACCESS) return [product];
  return [...products].filter(([, { apis }]) => apis.has(api)).map(([name]) => name);
}

type Named<M> = M extends ReadonlyMap<string, infer V> ? readonly [name: string, V] : never;

/** Of a product whose APIs are listed. */
function productOf(known: Known, [name, { isPublished, apis }]: Named<ServiceGrants["products"]>): readonly Opening[] {
  const { grants, uses, calledOf } = known;
  if (!isPublished || apis.size === 0) return [];
  const called = calledOf.get(name) ?? new Set<string>();
  const own = uses.filter((use) => throughOf(grants, use).includes(name));
  const scope = { kind: "product", product: name } as const;
  return [openingOf(known, { of: "product", name, scope, granted: apis, called, own, isListed: true })];
}

/** Of a subscription whose scope is listed. What nobody calls of a product is told of the product, not of each of its keys. */
function subscriptionOf(
  known: Known,
  [name, { scope, isActive, since }]: Named<ServiceGrants["subscriptions"]>,
): readonly Opening[] {
  const { grants, bySubscription, apis, calledOf } = known;
  if (!isActive || name === ALL_ACCESS) return [];
  const own = bySubscription.get(name) ?? [];
  const called = new Set(own.map(({ api }) => api));
  const told = { of: "subscription", name, scope, called, own, since } as const;
  if (scope.kind === "all") return [openingOf(known, { ...told, granted: apis, isListed: grants.apis.size > 0 })];
  if (scope.kind === "api") return [openingOf(known, { ...told, granted: new Set([scope.api]), isListed: true })];
  const listed = grants.products.get(scope.product)?.apis ?? new Set<string>();
  const shared = called.size === 0 ? listed : (calledOf.get(scope.product) ?? called);
  return listed.size === 0 && called.size > 0
    ? []
    : [openingOf(known, { ...told, granted: shared, isListed: listed.size > 0 })];
}

interface Told {
  readonly of: Opening["of"];
  readonly name: string;
  readonly scope: GatewayScope;
  readonly granted: ReadonlySet<string>;
  readonly called: ReadonlySet<string>;
  readonly own: readonly AccessUse[];
  readonly isListed: boolean;
  readonly since?: Instant | undefined;
}

function openingOf({ service, grants, apis, watched, uncounted }: Known, told: Told): Opening {
  const { of, name, scope, granted, called, own, isListed, since } = told;
  const list = [...granted].toSorted();
  return {
    service,
    serviceId: grants.id,
    of,
    name,
    scope,
    granted: list,
    used: list.filter((api) => called.has(api)),
    operations: operationsOf(grants, list, own),
    calls: own.reduce((sum, { calls }) => sum + calls, 0),
    last: own.reduce<Instant | undefined>(
      (last, use) => (last === undefined || use.last > last ? use.last : last),
      undefined,
    ),
    known: apis.size,
    isListed,
    exposure: exposureOf(
      watched,
      since,
      [...Map.groupBy(own, ({ api }) => api).values()].reduce(
        (most, uses) => Math.max(most, longestStep(daysOf(uses))),
        0,
      ),
    ),
    uncounted,
  };
}

/** Days on which any of the uses was, each once, oldest first. */
const daysOf = (uses: readonly AccessUse[]): Int32Array =>
  Int32Array.from(new Set(uses.flatMap(({ days }) => [...days()]))).toSorted();

function operationsOf(
  { operations }: ServiceGrants,
  apis: readonly string[],
  own: readonly AccessUse[],
): Opening["operations"] {
  const listed = apis.map((api) => operations.get(api));
  if (listed.length === 0 || listed.includes(undefined)) return undefined;
  const called = new Set(
    own
      .filter(({ api, operation }) => operations.get(api)?.has(operation) === true)
      .map(({ api, operation }) => `${api}|${operation}`),
  );
  return { granted: listed.reduce((sum, list) => sum + (list?.size ?? 0), 0), used: called.size };
}

/** Subscriptions in use of which no list tells what they open. */
export function unlistedAccess({ gatewayAccess, gatewayGrants }: Privileges): readonly BlindSpot[] {
  const unknown = new Map<string, Set<string>>();
  for (const { service, subscription } of accessUses(gatewayAccess)) {
    const grants = gatewayGrants.services.get(service);
    const scope = grants?.subscriptions.get(subscription)?.scope;
    const isKnown =
      scope !== undefined && (scope.kind !== "product" || (grants?.products.get(scope.product)?.apis.size ?? 0) > 0);
    if (subscription === "" || subscription === ALL_ACCESS || isKnown) continue;
    entry(unknown, service, () => new Set<string>()).add(subscription);
  }
  return [...unknown].slice(0, 20).map(
    ([service, { size }]): BlindSpot => ({
      id: "no-gateway-inventory",
      scope: `gateway:${service}`,
      says: `What ${size} ${size === 1 ? "subscription" : "subscriptions"} in use on ${service} may call is not known: no list tells it.`,
      fix: "Add the outputs of `az apim api list`, `az apim product list`, `az apim product api list` (for each product), and of `az rest --url …/subscriptions?api-version=2022-08-01` to the files.",
    }),
  );
}
