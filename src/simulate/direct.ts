import { derivedGuid, Random } from "./random.ts";
import { type Rendered, renderOperation } from "./operation.ts";
import type { Fault } from "./faults/fault.ts";
import type { Tenant } from "./tenant.ts";

const OPERATIONS = ["Read", "Query", "Upsert", "ReadFeed"];

/** A little traffic of SDKs with roles of their own that never passes the gateway, with ordinary 404, 409 and 429. */
export function* directTraffic(
  tenant: Tenant,
  span: { from: number; to: number; salt?: number; faults?: readonly Fault[] },
): Generator<Rendered> {
  const tools = toolsOf(tenant);
  const random = new Random(tenant.seed * 2_221 + 11 + (span.salt ?? 0));
  for (let at = span.from + random.wait(RATE) * 1_000; at < span.to; at += random.wait(RATE) * 1_000) {
    const tool = random.pick(tools);
    const operation = random.pick(OPERATIONS);
    const usual = random.chance(0.01) ? random.pick([404, 409, 429]) : 200;
    const hit = (span.faults ?? []).find((fault) => at >= fault.from && at < fault.to && fault.direct !== undefined);
    yield renderOperation(
      tenant,
      {
        ...tool,
        at: Math.round(at * 10) / 10,
        activityId: derivedGuid(random.guid()),
        step: {
          operation,
          resourceType: "Document",
          container: random.pick(tool.account.containers),
          status: hit?.direct?.(tool.account, at, random) ?? usual,
          credential: "AadToken",
          principal: tool.principal,
          client: tool.client,
          region: tool.account.region,
        },
      },
      random,
    );
  }
}

/** Operations a second. */
const RATE = 0.1;

/** The same tools for the tenant whatever the span. */
export function toolsOf(tenant: Tenant) {
  const random = new Random(tenant.seed * 1_013 + 17);
  return Array.from({ length: random.int(1, 3) }, () => ({
    account: random.pick(tenant.accounts),
    userAgent: random.pick(["cosmos-netstandard-sdk/3.46", "azsdk-python-cosmos/4.9"]),
    principal: random.guid(),
    roleAssignment: random.guid(),
    client: `10.${random.int(1, 9)}.0.${random.int(4, 40)}`,
  }));
}
