import { expect, test } from "vitest";
import { backfill } from "../../src/sources/log-analytics-backfill.ts";
import { openWorkspace, type Workspace } from "../../src/sources/log-analytics-client.ts";
import type { TableName } from "../../src/sources/query-text.ts";
import type { Batch } from "../../src/sources/source.ts";
import { startLogAnalytics } from "../emulators/log-analytics.ts";

const DAY = 86_400_000;
const FROM = Date.parse("2026-11-20T00:00:00Z");
const TABLES: readonly TableName[] = ["ApiManagementGatewayLogs", "CDBDataPlaneRequests"];
const ROWS = 9_000;

test("several days are read in windows side by side, in order, each row once, also where a stop came between", async () => {
  const azure = await startLogAnalytics();
  try {
    const span = { from: FROM, to: FROM + 3.5 * DAY };
    for (const [at, table] of TABLES.entries())
      azure.workspace.add(
        table,
        Array.from({ length: ROWS }, (_, i) => {
          const time = FROM + Math.floor((i * 3.5 * DAY) / ROWS);
          const values = { TimeGenerated: new Date(time).toISOString(), CorrelationId: `${at}-${i}` };
          return { ingested: time + 300_000, values };
        }),
      );
    const { endpoint, workspaceId, credential } = azure;
    const opened = await openWorkspace({ source: "backfill", endpoint, workspaceId, credential });
    let [asking, mostAsking] = [0, 0];
    const workspace: Workspace = {
      async ask(...query) {
        mostAsking = Math.max(mostAsking, ++asking);
        return await opened.ask(...query).finally(() => (asking -= 1));
      },
    };
    const read = async (checkpoint?: string, most = Number.POSITIVE_INFINITY): Promise<readonly Batch[]> => {
      const batches: Batch[] = [];
      const job = {
        source: "backfill",
        partition: "workspace",
        tables: TABLES,
        patienceMs: 1,
        workspace,
        span,
        checkpoint,
      };
      const signal = AbortSignal.timeout(60_000);
      for await (const batch of backfill({ ...job, signal, onProgress() {}, onTrouble() {} })) {
        batches.push(batch);
        if (batches.length >= most) break;
      }
      return batches;
    };
    const idsIn = (batches: readonly Batch[]): readonly string[] =>
      batches.flatMap(({ records }) => records.map(({ value }) => String(value["CorrelationId"])));

    const before = await read(undefined, 2);
    const after = await read(before.at(-1)?.checkpoint);
    const ids = idsIn([...before, ...after]);
    expect(ids.length).toBe(2 * ROWS);
    expect(new Set(ids).size).toBe(2 * ROWS);
    for (const table of ["0-", "1-"]) {
      const order = ids.filter((id) => id.startsWith(table)).map((id) => Number(id.slice(2)));
      expect(order).toEqual(Array.from({ length: ROWS }, (_, i) => i));
    }
    expect(after.length).toBeGreaterThan(1);
    expect(mostAsking).toBeGreaterThan(1);
    expect(mostAsking).toBeLessThanOrEqual(4);
  } finally {
    await azure.close();
  }
});
