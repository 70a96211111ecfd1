import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { azureLink } from "../../src/server/azure-link.ts";
import { findingKql } from "../../src/server/kql.ts";
import { at } from "../builders.ts";
import { finding } from "../finding-builder.ts";

const WORKSPACE = "/subscriptions/0000/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/logs";
const portal = { portal: "https://portal.azure.com", tenant: "contoso.com", workspace: WORKSPACE };

test("the portal's link holds the query, the workspace and the time", () => {
  const kql = findingKql(finding());
  const link = azureLink(portal, kql, [at(0), at(60)]) ?? "";
  expect(link.startsWith("https://portal.azure.com/#@contoso.com/blade/")).toBe(true);
  expect(link.length).toBeLessThanOrEqual(2_000);
  const part = (name: string) => decodeURIComponent(new RegExp(`/${name}/([^/]+)`).exec(link)?.[1] ?? "");
  expect(gunzipSync(Buffer.from(part("query"), "base64")).toString("utf8")).toBe(kql);
  expect(JSON.parse(part("scope"))).toEqual({ resources: [{ resourceId: WORKSPACE }] });
  expect(part("timespanInIsoFormat")).toBe("2026-11-25T12:00:00.000Z/2026-11-25T12:01:00.000Z");
});

test("a query too long for an address has no link", () => {
  const noise = Array.from({ length: 600 }, (_, i) => Math.sin(i).toString(36)).join(" ");
  expect(azureLink(portal, noise, [at(0), at(60)])).toBeUndefined();
});
