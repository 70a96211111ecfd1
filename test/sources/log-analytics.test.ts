import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type LogAnalyticsConfig, logAnalyticsSource } from "../../src/sources/log-analytics.ts";
import type { Batch } from "../../src/sources/source.ts";
import type { SourceError } from "../../src/sources/source-error.ts";
import { keep, sourceContract } from "../contract/source.contract.ts";
import { type Fault, type LogAnalyticsEmulator, startLogAnalytics } from "../emulators/log-analytics.ts";
import type { StoredRow } from "../emulators/log-analytics-workspace.ts";
import { faultRandom } from "../faults/runs.ts";
import { failureOf } from "./event-hubs-harness.ts";

const NOW = Date.parse("2026-11-25T15:30:00Z");
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const GATEWAY = "ApiManagementGatewayLogs";
const COSMOS = "CDBDataPlaneRequests";

let azure: LogAnalyticsEmulator;
beforeAll(async () => {
  azure = await startLogAnalytics();
});
afterAll(() => azure.close());
let clock = NOW;
beforeEach(() => {
  clock = NOW;
  azure.now = () => clock;
});
afterEach(() => {
  azure.faults.length = 0;
  azure.queries.length = 0;
  azure.mostRows = 500_000;
  for (const table of [GATEWAY, COSMOS]) azure.workspace.remove(table, () => true);
});

const row = (id: string, ingested: number, values: Readonly<Record<string, unknown>> = {}): StoredRow => ({
  ingested,
  values: { TimeGenerated: new Date(ingested - 5 * MINUTE).toISOString(), CorrelationId: id, ...values },
});
const rows = (name: string, from: number, count: number, step = 1_000): StoredRow[] =>
  Array.from({ length: count }, (_, i) => row(`${name}${i}`, from + i * step));

const sourceOf = (parts: Partial<LogAnalyticsConfig> = {}) =>
  logAnalyticsSource({
    name: "workspace",
    workspaceId: azure.workspaceId,
    endpoint: azure.endpoint,
    credential: async () => azure.credential,
    tables: [GATEWAY, COSMOS],
    since: NOW - 3 * HOUR,
    now: () => clock,
    pollMs: 1,
    patienceMs: 1,
    ...parts,
  });

const idsIn = (batches: readonly Batch[]): string[] =>
  batches.flatMap(({ records }) => records.map(({ value }) => String(value["CorrelationId"])));

interface Committed {
  readonly from: Map<string, string>;
  readonly kept: Map<string, Uint8Array>;
}

/** What a store would hold after these batches. */
function commit(batches: readonly Batch[], before: Committed = { from: new Map(), kept: new Map() }): Committed {
  const after = { from: new Map(before.from), kept: new Map(before.kept) };
  for (const batch of batches) {
    after.from.set(batch.partition, batch.checkpoint);
    keep(after.kept, batch);
  }
  return after;
}

interface Look {
  readonly parts?: Partial<LogAnalyticsConfig>;
  readonly after?: Committed;
  /** Ends the reading after a batch; before the next look without it. */
  readonly until?: (batches: readonly Batch[]) => boolean;
}

/** Reads until every table was looked at once. */
async function look({ parts = {}, after, until }: Look = {}): Promise<Batch[]> {
  const abort = new AbortController();
  const batches: Batch[] = [];
  const tables = parts.tables?.length ?? 2;
  const done = until ?? ((all: readonly Batch[]) => all.filter(({ caughtUp }) => caughtUp).length >= tables);
  const signal = AbortSignal.any([abort.signal, AbortSignal.timeout(20_000)]);
  for await (const batch of sourceOf(parts).read(after?.from ?? new Map(), signal, after?.kept)) {
    batches.push(batch);
    if (done(batches)) abort.abort();
  }
  return batches;
}

describe("keeps the promises of a source", () => {
  sourceContract(async () => {
    azure.workspace.add(GATEWAY, rows("g", NOW - 2 * HOUR, 40, 90_000));
    azure.workspace.add(COSMOS, rows("c", NOW - HOUR, 25, 70_000));
    return {
      source: sourceOf({ windowRows: 7 }),
      expected: new Map([
        [GATEWAY, rows("g", 0, 40).map(({ values }) => String(values["CorrelationId"]))],
        [COSMOS, rows("c", 0, 25).map(({ values }) => String(values["CorrelationId"]))],
      ]),
      endless: true,
      idOf: (record) => String(record.value["CorrelationId"]),
      async close() {},
    };
  });
});

describe("rows", () => {
  test("come with their table's name, seven digits of time, and without what was empty or ours", async () => {
    const at = NOW - HOUR + 0.1234;
    azure.workspace.add(GATEWAY, [
      row("a", at, { TimeGenerated: "2026-11-25T14:25:00.1234567Z", Region: "", ApiId: null }),
    ]);
    const [record] = (await look()).flatMap((batch) => batch.records);
    expect(record?.value).toEqual({ Type: GATEWAY, CorrelationId: "a", TimeGenerated: "2026-11-25T14:25:00.1234567Z" });
    expect(record?.position).toMatchObject({
      source: "workspace",
      partition: GATEWAY,
      sequence: 1_000 * (NOW - HOUR) + 123,
    });
  });

  test("that are the same to the last value, and came in at one instant, are as many as there are", async () => {
    azure.workspace.add(GATEWAY, [row("a", NOW - HOUR), row("a", NOW - HOUR)]);
    const batches = await look();
    expect(idsIn(batches)).toEqual(["a", "a"]);
    expect(idsIn(await look({ after: commit(batches) }))).toEqual([]);
  });

  test("younger than the safety wait for the next look", async () => {
    azure.workspace.add(GATEWAY, [row("young", NOW - 30_000), row("old", NOW - 10 * MINUTE)]);
    const first = await look();
    expect(idsIn(first)).toEqual(["old"]);
    clock += 5 * MINUTE;
    expect(idsIn(await look({ after: commit(first) }))).toEqual(["young"]);
  });

  test("that appear behind the cursor are delivered, once, and their neighbours are not again", async () => {
    azure.workspace.add(GATEWAY, rows("a", NOW - 20 * MINUTE, 30));
    const first = await look();
    azure.workspace.add(GATEWAY, [row("late", NOW - 20 * MINUTE + 5_500)]);
    const second = await look({ after: commit(first) });
    expect(idsIn(second)).toEqual(["late"]);
    expect(idsIn(await look({ after: commit(second, commit(first)) }))).toEqual([]);
  });

  test("are read at once where a table is there only later", async () => {
    const first = await look();
    expect(idsIn(first)).toEqual([]);
    azure.workspace.add(COSMOS, rows("new", NOW - 10 * MINUTE, 3));
    expect(idsIn(await look({ after: commit(first) }))).toEqual(["new0", "new1", "new2"]);
  });

  test("of a window that could not be read are not passed over by the next one", async () => {
    azure.workspace.add(GATEWAY, rows("a", NOW - HOUR, 20, MINUTE));
    azure.faults.push(undefined, { kind: "absent" });
    const parts = { tables: [GATEWAY], windowRows: 5 } as const;
    const batches = await look({ parts, until: (all) => idsIn(all).length >= 20 });
    expect(idsIn(batches)).toEqual(rows("a", 0, 20).map(({ values }) => values["CorrelationId"]));
    expect(new Set(batches.filter(({ records }) => records.length > 0)).size).toBe(4);
  });

  test("begin at now without a start, and at the start with one", async () => {
    azure.workspace.add(GATEWAY, [row("before", NOW - 10 * MINUTE)]);
    expect(idsIn(await look({ parts: { since: undefined } }))).toEqual([]);
    expect(idsIn(await look({ parts: { since: NOW - 5 * MINUTE } }))).toEqual([]);
    expect(idsIn(await look({ parts: { since: NOW - 15 * MINUTE } }))).toEqual(["before"]);
  });
});

describe("reconciliation", () => {
  const reconciled = (): { told: string[]; parts: Partial<LogAnalyticsConfig> } => {
    const told: string[] = [];
    return { told, parts: { onReconciled: (table, until) => told.push(`${table} ${new Date(until).toISOString()}`) } };
  };

  test("says up to which hour all rows were read, and forgets their hashes", async () => {
    const { told, parts } = reconciled();
    azure.workspace.add(GATEWAY, rows("a", NOW - 3 * HOUR, 90, 2 * MINUTE));
    const first = await look({ parts });
    expect(told).toEqual([`${GATEWAY} 2026-11-25T14:00:00.000Z`, `${COSMOS} 2026-11-25T14:00:00.000Z`]);
    const { kept } = commit(first);
    const oldest = [...kept.keys()].map((key) => Number(key.split("/")[1])).toSorted((a, b) => a - b)[0];
    expect(oldest).toBe(Date.parse("2026-11-25T14:00:00Z"));
    expect(idsIn(first)).toHaveLength(89);
  });

  test("waits for an hour of which the workspace counts more than it gives", async () => {
    const { told, parts } = reconciled();
    azure.workspace.add(GATEWAY, rows("a", NOW - 3 * HOUR, 10, MINUTE));
    azure.faults.push(undefined, { kind: "short" });
    const first = await look({ parts: { ...parts, tables: [GATEWAY] } });
    expect(idsIn(first)).toHaveLength(9);
    expect(told).toEqual([]);
    const second = await look({ parts: { ...parts, tables: [GATEWAY] }, after: commit(first) });
    expect(idsIn(second)).toEqual(["a9"]);
    expect(told).toEqual([`${GATEWAY} 2026-11-25T14:00:00.000Z`]);
  });

  test("gives up hours that are too many rows to compare, and says between which times some may be missing", async () => {
    const { told, parts } = reconciled();
    azure.workspace.add(GATEWAY, rows("a", NOW - 3 * HOUR, 10, MINUTE));
    azure.faults.push(undefined, { kind: "short" });
    const batches = await look({ parts: { ...parts, tables: [GATEWAY], mostHashes: 5 } });
    const [unsure] = batches.flatMap((batch) => batch.unsure ?? []);
    expect(unsure && [unsure.from, unsure.to].map((ms) => new Date(ms).toISOString())).toEqual([
      "2026-11-25T12:30:00.000Z",
      "2026-11-25T13:00:00.000Z",
    ]);
    expect(told).toEqual([]);
  });

  test("says that rows are gone from the workspace, and goes on", async () => {
    const { told, parts } = reconciled();
    const trouble: string[] = [];
    azure.workspace.add(GATEWAY, rows("a", NOW - 2 * HOUR, 10, MINUTE));
    clock = NOW - HOUR;
    const first = await look({ parts: { tables: [GATEWAY] } });
    clock = NOW;
    azure.workspace.remove(GATEWAY, ({ values }) => values["CorrelationId"] === "a3");
    await look({
      parts: { ...parts, tables: [GATEWAY], onTrouble: ({ message }) => trouble.push(message) },
      after: commit(first),
    });
    expect(trouble).toEqual([`workspace: ${GATEWAY}: 1 rows that were read are gone from the workspace`]);
    expect(told).toEqual([`${GATEWAY} 2026-11-25T14:00:00.000Z`]);
  });
});

describe("an answer that is not whole is thrown away and asked for in parts", () => {
  const cases: { name: string; fault: Fault }[] = [
    { name: "partial", fault: { kind: "partial" } },
    { name: "504", fault: { kind: "status", status: 504 } },
    { name: "413", fault: { kind: "status", status: 413 } },
  ];
  test.each(cases)("$name", async ({ fault }) => {
    azure.workspace.add(GATEWAY, rows("a", NOW - HOUR, 100));
    azure.faults.push(undefined, fault, fault);
    const batches = await look({ parts: { tables: [GATEWAY] } });
    expect(idsIn(batches)).toEqual(rows("a", 0, 100).map(({ values }) => values["CorrelationId"]));
    expect(azure.queries.filter((query) => query.includes("ScopetrailIngested")).length).toBeGreaterThan(3);
  });

  test("more rows than one answer may hold, all within one second", async () => {
    azure.workspace.add(GATEWAY, rows("a", NOW - HOUR, 300, 0));
    azure.mostRows = 40;
    const batches = await look({ parts: { tables: [GATEWAY] } });
    expect(new Set(idsIn(batches)).size).toBe(300);
    expect(idsIn(batches)).toHaveLength(300);
    expect(idsIn(await look({ parts: { tables: [GATEWAY] }, after: commit(batches) }))).toEqual([]);
  });

  test("a stop between two parts of one second repeats none and leaves none out", async () => {
    azure.workspace.add(GATEWAY, rows("a", NOW - HOUR, 300, 0));
    azure.mostRows = 40;
    const first = await look({ parts: { tables: [GATEWAY] }, until: (all) => idsIn(all).length >= 100 });
    const rest = await look({ parts: { tables: [GATEWAY] }, after: commit(first) });
    const all = [...idsIn(first), ...idsIn(rest)];
    expect(all).toHaveLength(300);
    expect(new Set(all).size).toBe(300);
  });
});

describe("a service that cannot answer now is asked again", () => {
  const cases: { name: string; fault: Fault; says: RegExp }[] = [
    { name: "429 with a time", fault: { kind: "status", status: 429, retryAfter: 0 }, says: /too many queries/ },
    { name: "429 without one", fault: { kind: "status", status: 429 }, says: /too many queries/ },
    { name: "500", fault: { kind: "status", status: 500 }, says: /answered 500/ },
    { name: "503", fault: { kind: "status", status: 503 }, says: /answered 503/ },
    { name: "a proxy's page", fault: { kind: "html", status: 502 }, says: /answered 502/ },
    { name: "half an answer", fault: { kind: "cut" }, says: /no answer/ },
    { name: "a reset", fault: { kind: "reset" }, says: /no answer/ },
  ];
  test.each(cases)("$name", async ({ fault, says }) => {
    const trouble: SourceError[] = [];
    azure.workspace.add(GATEWAY, rows("a", NOW - HOUR, 5));
    azure.faults.push(fault, fault, undefined, fault);
    const parts = { tables: [GATEWAY], onTrouble: (error: SourceError) => trouble.push(error) } as const;
    expect(idsIn(await look({ parts }))).toHaveLength(5);
    expect(trouble.map(({ message }) => message)).toEqual(Array.from({ length: 3 }, () => expect.stringMatching(says)));
  });

  test("a stop does not wait for an answer that does not come", async () => {
    azure.workspace.add(GATEWAY, rows("a", NOW - HOUR, 5));
    azure.faults.push(undefined, { kind: "hang" });
    const abort = new AbortController();
    const batches: Batch[] = [];
    const reading = (async () => {
      for await (const batch of sourceOf().read(new Map(), abort.signal)) batches.push(batch);
    })();
    while (azure.queries.length < 2) await new Promise((resolve) => setImmediate(resolve));
    const before = performance.now();
    abort.abort();
    await reading;
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(batches).toEqual([]);
  });
});

describe("what asking again does not change ends the source, with a way out", () => {
  const cases: { name: string; parts?: Partial<LogAnalyticsConfig>; fault?: Fault; kind: string; says: RegExp }[] = [
    { name: "401", fault: { kind: "status", status: 401 }, kind: "refused", says: /role Log Analytics Reader/ },
    { name: "403", fault: { kind: "status", status: 403 }, kind: "refused", says: /role Log Analytics Reader/ },
    {
      name: "another workspace",
      parts: { workspaceId: "22222222-2222-2222-2222-222222222222" },
      kind: "config",
      says: /does not exist\. Check workspaceId/,
    },
    {
      name: "a query that is not taken",
      fault: { kind: "status", status: 400, code: "BadArgumentError" },
      kind: "config",
      says: /does not take the query: BadArgumentError/,
    },
    {
      name: "nobody who signs in",
      parts: {
        credential: async () => ({
          getToken: async () => {
            throw Object.assign(new Error("SECRET"), { name: "CredentialUnavailableError" });
          },
        }),
      },
      kind: "refused",
      says: /no sign-in to Azure worked/,
    },
  ];
  test.each(cases)("$name", async ({ parts, fault, kind, says }) => {
    azure.workspace.add(GATEWAY, rows("a", NOW - HOUR, 5));
    if (fault !== undefined) azure.faults.push(fault);
    const failure = await failureOf(sourceOf(parts).partitions(AbortSignal.timeout(10_000)));
    expect(failure).toMatchObject({ kind, source: "workspace", message: expect.stringMatching(says) });
    azure.faults.length = 0;
    if (fault !== undefined) azure.faults.push(undefined, fault);
    const reading = await failureOf(look({ parts: { ...parts } }));
    expect(reading.kind).toBe(kind);
  });

  test("nobody there is told at the start", async () => {
    const source = sourceOf({ endpoint: "https://localhost:1" });
    expect((await failureOf(source.partitions(AbortSignal.timeout(10_000)))).kind).toBe("unreachable");
  });

  test("a checkpoint that is none", async () => {
    const after = { from: new Map([[GATEWAY, "yesterday"]]), kept: new Map() };
    expect((await failureOf(look({ after }))).message).toMatch(/"yesterday" is not a checkpoint/);
  });
});

describe("a clock of this machine that is wrong, or is set", () => {
  /** Looks at a workspace that takes in rows all the time, each time by a clock that is as much ahead as it says. */
  async function lookOften(
    ahead: (look: number) => number,
  ): Promise<{ readonly sent: string[]; readonly read: string[] }> {
    const [sent, read]: [string[], string[]] = [[], []];
    let committed: Committed | undefined;
    for (let i = 0; i < LOOKS; i++) {
      const taken = rows(`${i}-`, clock, 5, MINUTE);
      azure.workspace.add(GATEWAY, taken);
      for (const { values } of taken) sent.push(String(values["CorrelationId"]));
      clock += 7 * MINUTE;
      const own = clock + ahead(i);
      const parts = { tables: [GATEWAY] as const, since: NOW, now: () => own };
      const batches = await look({ parts, ...(committed === undefined ? {} : { after: committed }) });
      committed = commit(batches, committed);
      for (const id of idsIn(batches)) read.push(id);
    }
    clock += HOUR;
    const batches = await look({ parts: { tables: [GATEWAY], since: NOW }, ...(committed && { after: committed }) });
    return { sent, read: [...read, ...idsIn(batches)] };
  }
  const LOOKS = 24;
  const random = faultRandom();
  const JUMPS = [-24 * HOUR, -HOUR, -1_000, 0, 1_000, HOUR, 24 * HOUR];
  const anyJump = (): number => JUMPS[Math.floor(random() * JUMPS.length)] ?? 0;

  test.each([
    { name: "once ahead by a day", ahead: (i: number) => (i === 3 ? 24 * HOUR : 0) },
    { name: "ahead by two hours for good", ahead: () => 2 * HOUR },
    { name: "behind by a day for good", ahead: () => -24 * HOUR },
    { name: "set again and again", ahead: anyJump },
  ])("loses no row and brings none twice: $name", async ({ ahead }) => {
    const { sent, read } = await lookOften(ahead);
    expect(read.toSorted()).toEqual(sent.toSorted());
  });

  test("what came in is read by the workspace's time, though this machine's is a day behind", async () => {
    azure.workspace.add(GATEWAY, rows("a", NOW - HOUR, 10));
    const batches = await look({
      parts: { tables: [GATEWAY], now: () => NOW - 24 * HOUR },
      until: (all) => idsIn(all).length === 10,
    });
    expect(idsIn(batches)).toHaveLength(10);
  });
});
