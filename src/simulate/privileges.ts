import { Random } from "./random.ts";

/**
 * A seeded account whose roles are wider than its workloads: a hundred days of operations, role lists, and the pairs of
 * action and place that are needed, by the simulator's own knowledge of what an operation needs.
 */
export interface PrivilegeTenant {
  /** File name → content, as an operator would gather them. */
  readonly files: ReadonlyMap<string, string>;
  readonly truth: readonly TrueHolder[];
}

export interface TrueHolder {
  readonly principal: string;
  /** `idle`: never used; `exact`: uses all that it holds; `wide`: holds more. */
  readonly is: "idle" | "exact" | "wide";
  /** Scope → needed actions, without their common prefix, sorted. */
  readonly needs: Readonly<Record<string, readonly string[]>>;
  readonly calls: number;
}

interface Verb {
  readonly operation: string;
  readonly type: string;
  readonly action: string;
}

const VERBS: readonly Verb[] = [
  { operation: "Read", type: "Document", action: "items/read" },
  { operation: "Create", type: "Document", action: "items/create" },
  { operation: "Upsert", type: "Document", action: "items/upsert" },
  { operation: "Replace", type: "Document", action: "items/replace" },
  { operation: "Delete", type: "Document", action: "items/delete" },
  { operation: "Query", type: "Document", action: "executeQuery" },
  { operation: "ReadFeed", type: "Document", action: "readChangeFeed" },
  { operation: "Execute", type: "StoredProcedure", action: "executeStoredProcedure" },
];
const METADATA = "readMetadata";
const ITEMS = ["items/create", "items/read", "items/replace", "items/upsert", "items/delete", "items/unmask"];
const OTHERS = ["executeQuery", "readChangeFeed", "executeStoredProcedure", "manageConflicts"];
const ROLES: ReadonlyMap<string, readonly string[]> = new Map([
  ["00000000-0000-0000-0000-000000000001", [METADATA, "items/read", "executeQuery", "readChangeFeed"]],
  ["00000000-0000-0000-0000-000000000002", [METADATA, ...ITEMS, ...OTHERS]],
]);

const DAYS = 100;
const DAY_MS = 86_400_000;
const FIRST_MS = Date.UTC(2026, 0, 5, 9);

interface Place {
  readonly database: string;
  readonly container: string;
}

interface Draft {
  readonly random: Random;
  readonly account: string;
  readonly places: readonly Place[];
  readonly assignments: { readonly principalId: string }[];
  readonly definitions: object[];
  readonly records: object[];
}

const pathOf = ({ database, container }: Place): string => `/dbs/${database}/colls/${container}`;

export function buildPrivilegeTenant(seed: number): PrivilegeTenant {
  const random = new Random(seed * 31 + 5);
  const name = `cosmos-${random.hex(6)}`;
  const account = `/subscriptions/${random.guid()}/resourceGroups/rg-${random.hex(3)}/providers/Microsoft.DocumentDB/databaseAccounts/${name}`;
  const places = random
    .some(["shop", "core", "Shop"], random.int(1, 3))
    .flatMap((database) =>
      random
        .some(["orders", "people", "events", "prices"], random.int(1, 4))
        .map((container) => ({ database, container })),
    );
  const draft: Draft = { random, account, places, assignments: [], definitions: [], records: [] };
  const truth = Array.from({ length: random.int(2, 6) }, () => addHolder(draft));
  addNoise(draft);
  const lines = (list: readonly object[]): string => list.map((one) => JSON.stringify(one)).join("\n");
  return {
    truth,
    files: new Map([
      ["operations.ndjson", lines(draft.records)],
      ["assignments.json", JSON.stringify(draft.assignments)],
      ["definitions.json", JSON.stringify({ value: draft.definitions })],
    ]),
  };
}

function addHolder(draft: Draft): TrueHolder {
  const { random, places } = draft;
  const principal = random.guid();
  const is = random.pick(["idle", "exact", "wide", "wide", "wide"] as const);
  const used = random.some(places, random.int(1, places.length)).map((place) => ({
    place,
    verbs: random.some(VERBS, random.int(1, 4)),
  }));
  const held = is === "exact" ? grantExactly(draft, principal, used) : grantWidely(draft, principal, used);
  if (is === "idle") return { principal, is, needs: {}, calls: 0 };
  const needs: Record<string, readonly string[]> = {};
  let [calls, unused] = [0, 0];
  for (const { place, verbs } of used) {
    const granted = held.at(place);
    unused += [...granted].filter((action) => action !== METADATA).length;
    const actions = new Set(verbs.map(({ action }) => action));
    if (granted.has(METADATA)) actions.add(METADATA);
    if (actions.has("executeQuery") && granted.has("readChangeFeed")) actions.add("readChangeFeed");
    unused -= [...actions].filter((action) => action !== METADATA).length;
    needs[pathOf(place)] = [...actions].toSorted((a, b) => (a < b ? -1 : 1));
    for (const verb of verbs) calls += addUse(draft, { principal, place, verb });
  }
  if (random.chance(0.5)) calls += addUse(draft, { principal, place: ANYWHERE, verb: START });
  // By chance everything can be used of what was given widely.
  return { principal, is: held.isNarrow && unused === 0 ? "exact" : "wide", needs, calls };
}

type Used = readonly { readonly place: Place; readonly verbs: readonly Verb[] }[];
interface Held {
  readonly at: (place: Place) => ReadonlySet<string>;
  /** Every assignment is on a container that is used. */
  readonly isNarrow: boolean;
}

/** One role for each place, of just what is used there. */
function grantExactly(draft: Draft, principal: string, used: Used): Held {
  const held = new Map<string, ReadonlySet<string>>();
  for (const { place, verbs } of used) {
    const actions = new Set([METADATA, ...verbs.map(({ action }) => action)]);
    if (actions.has("executeQuery")) actions.add("readChangeFeed");
    held.set(pathOf(place), actions);
    assign(draft, { principal, definition: define(draft, [...actions]), scope: pathOf(place) });
  }
  return { at: (place) => held.get(pathOf(place)) ?? new Set(), isNarrow: true };
}

/** A built-in role or wildcards on the account, the databases or the containers; at times a second one on top. */
function grantWidely(draft: Draft, principal: string, used: Used): Held {
  const { random } = draft;
  const reader = new Set(ROLES.get("00000000-0000-0000-0000-000000000001"));
  const isReading = used.every(({ verbs }) => verbs.every(({ action }) => reader.has(action)));
  const wide =
    isReading && random.chance(0.5) ? "00000000-0000-0000-0000-000000000001" : "00000000-0000-0000-0000-000000000002";
  const hasMetadata = random.chance(0.85);
  const definition = hasMetadata ? wide : define(draft, ["items/*", "*"]);
  const actions = new Set(hasMetadata ? ROLES.get(wide) : [...ITEMS, ...OTHERS]);
  const level = random.pick(["account", "database", "container"] as const);
  const scopes = new Set(
    used.map(({ place }) =>
      level === "account" ? "/" : level === "database" ? `/dbs/${place.database}` : pathOf(place),
    ),
  );
  for (const scope of scopes) assign(draft, { principal, definition, scope });
  // Nobody uses conflicts: what a container's assignment gives is always more than is used.
  const extra = random.chance(0.3) ? used[0]?.place : undefined;
  if (extra !== undefined)
    assign(draft, { principal, definition: "00000000-0000-0000-0000-000000000001", scope: pathOf(extra) });
  const both = new Set([...actions, ...reader]);
  const at: Held["at"] = (place) => (extra !== undefined && pathOf(place) === pathOf(extra) ? both : actions);
  return { at, isNarrow: level === "container" };
}

function define({ random, account, definitions }: Draft, actions: readonly string[]): string {
  const id = random.guid();
  const prefix = "Microsoft.DocumentDB/databaseAccounts/";
  definitions.push({
    id: `${account}/sqlRoleDefinitions/${id}`,
    name: id,
    type: "Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions",
    properties: {
      roleName: `role-${id.slice(0, 4)}`,
      type: "CustomRole",
      assignableScopes: [account],
      permissions: [
        {
          dataActions: actions.map((action) =>
            action === METADATA ? `${prefix}${action}` : `${prefix}sqlDatabases/containers/${action}`,
          ),
        },
      ],
    },
  });
  return id;
}

function assign(
  { random, account, assignments }: Draft,
  { principal, definition, scope }: { readonly principal: string; readonly definition: string; readonly scope: string },
): void {
  const id = random.guid();
  const assignment = {
    id: `${account}/sqlRoleAssignments/${id}`,
    name: id,
    principalId: random.chance(0.5) ? principal.toUpperCase() : principal,
    roleDefinitionId: `${account}/sqlRoleDefinitions/${definition}`,
    scope: scope === "/" ? account : random.chance(0.5) ? scope : `${account}${scope}`,
    type: "Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments",
  };
  assignments.push(assignment);
}

/** An SDK reads the account when it starts: with `readMetadata` on any place, so that it needs nothing more. */
const START: Verb = { operation: "Read", type: "DatabaseAccount", action: "" };
const ANYWHERE: Place = { database: "", container: "" };

/** Days on which a verb is used; at least one. */
function addUse(draft: Draft, use: { readonly principal: string; readonly place: Place; readonly verb: Verb }): number {
  const { random } = draft;
  const every = random.pick([1, 1, 7, 30, 45]);
  let calls = 0;
  for (let day = random.int(0, 9); day < DAYS; day += every) {
    draft.records.push(operation(draft, { ...use, day, status: random.pick([200, 200, 200, 304, 404, 412]) }));
    calls += 1;
  }
  return calls;
}

/** What is no use: refusals, an SDK's look at the account, a probe of our own, management that no role permits. */
function addNoise(draft: Draft): void {
  const { random, places } = draft;
  const [place] = places;
  if (place === undefined) return;
  const principal = random.guid();
  for (let day = 0; day < DAYS; day++) {
    const at = { principal, place, day };
    draft.records.push(operation(draft, { ...at, verb: VERBS[0] ?? NO_VERB, status: 403 }));
    draft.records.push(
      operation(draft, { ...at, verb: { operation: "Read", type: "DatabaseAccount", action: "" }, status: 200 }),
    );
  }
  for (const { principalId } of draft.assignments) {
    const holder = principalId.toLowerCase();
    const day = random.int(0, DAYS - 1);
    const probe = { principal: holder, place, day, verb: VERBS[4] ?? NO_VERB, status: 200, agent: "scopetrail/0.1" };
    draft.records.push(operation(draft, probe));
    const refused = { principal: holder, place, day, verb: VERBS[random.int(0, 6)] ?? NO_VERB, status: 403 };
    draft.records.push(operation(draft, refused));
    draft.records.push(operation(draft, { ...refused, verb: { operation: "Create", type: "Collection", action: "" } }));
  }
}

const NO_VERB: Verb = { operation: "Read", type: "Document", action: "items/read" };

function operation(
  { random, account }: Draft,
  use: {
    readonly principal: string;
    readonly place: Place;
    readonly verb: Verb;
    readonly day: number;
    readonly status: number;
    readonly agent?: string;
  },
): object {
  const { principal, place, verb, day, status, agent = "azsdk-js-cosmos/4.2" } = use;
  return {
    time: new Date(FIRST_MS + day * DAY_MS + random.int(0, 8 * 3_600_000)).toISOString(),
    resourceId: account.toUpperCase(),
    category: "DataPlaneRequests",
    operationName: verb.operation,
    properties: {
      activityId: random.guid(),
      requestResourceType: verb.type,
      databaseName: verb.type === "DatabaseAccount" ? "" : place.database,
      collectionName: verb.type === "DatabaseAccount" ? "" : place.container,
      statusCode: String(status),
      duration: "1.2",
      requestCharge: "1",
      clientIpAddress: `198.51.100.${random.int(1, 250)}`,
      userAgent: agent,
      authTokenType: "AadToken",
      aadPrincipalId: principal,
      aadAppliedRoleAssignmentId: "",
    },
  };
}
