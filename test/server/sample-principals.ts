import { livePrincipals } from "../../src/commands/live-principals.ts";
import type { PrincipalsView } from "../../src/server/principals-view.ts";
import { batchOf, feed, listing, logOf, newAnalysis } from "../privileges/live-tenant.ts";
import type { TenantSpec } from "../privileges/tenant.ts";

const DAYS = { from: "2026-01-01", days: 200 };
const OPERATIONS: TenantSpec["operations"] = [
  { who: "p1", operation: "Read", at: "shop/orders", ...DAYS, applied: "a1" },
  { who: "p1", operation: "Query", at: "shop/orders", ...DAYS, every: 7, applied: "a1" },
  { who: "p1", operation: "Upsert", at: "shop/people", ...DAYS, every: 3, applied: "a1" },
  { who: "p1", operation: "Delete", at: "shop/people", ...DAYS, every: 40, status: 403 },
  { who: "p2", operation: "Read", at: "shop/orders", ...DAYS, applied: "a2" },
  { who: "p2", operation: "Query", at: "shop/orders", ...DAYS, applied: "a2" },
  { who: "PrimaryMasterKey", operation: "Upsert", at: "shop/orders", ...DAYS, agent: "<script>alert(1)</script>" },
  {
    who: "PrimaryMasterKey",
    operation: "Create",
    at: "shop/orders",
    type: "Collection",
    ...DAYS,
    every: 50,
    status: 409,
  },
];

/** Calls with a validated token, and calls without. */
const gatewayLog = (): readonly object[] =>
  Array.from({ length: 60 }, (_, i) => ({
    time: `2026-07-18T00:00:${String(i).padStart(2, "0")}.0000000Z`,
    resourceId: "/SUBSCRIPTIONS/S/RESOURCEGROUPS/G/PROVIDERS/MICROSOFT.APIMANAGEMENT/SERVICE/APIM-SHOP",
    category: "GatewayLogs",
    correlationId: `12121212-0000-4000-8000-${String(i).padStart(12, "0")}`,
    properties: {
      method: "GET",
      responseCode: 200,
      apiId: "orders",
      operationId: i % 2 === 0 ? "get-order" : "<b>open</b>",
      ...(i % 2 === 0
        ? {
            traceRecords: [{ source: "scopetrail-claims", message: "v1", metadata: { st: "validated", app: "app-a" } }],
          }
        : {}),
    },
  }));

const byTime = (a: object, b: object): number =>
  (a as { readonly time: string }).time < (b as { readonly time: string }).time ? -1 : 1;

/** What a small account came to: one that holds too much, one that does not, a grant without use, and a key. */
export function samplePrincipals(): PrincipalsView {
  const analysis = newAnalysis();
  const assignments = [
    { id: "a1", principal: "p1", role: "contributor", scope: "/" },
    { id: "a2", principal: "p2", role: "reader", scope: "/dbs/shop/colls/orders" },
    { id: "a3", principal: "p3", role: "reader", scope: "/dbs/shop" },
  ];
  feed(analysis, listing({ assignments }, "2026-01-01T00:00:00Z"));
  feed(analysis, batchOf([...gatewayLog(), ...logOf(OPERATIONS)].toSorted(byTime)));
  return livePrincipals({ current: () => analysis, look: () => undefined, shown: (finding) => finding });
}
