import type { Dimension, DimensionValues } from "../model/call.ts";
import type { Draft } from "./draft.ts";

/** What the logs say of a call, by dimension; what is not logged is absent. */
function logged(draft: Draft): readonly (readonly [Dimension, string])[] {
  const { api, backend, token } = draft;
  const reached = draft.backendStatus !== undefined;
  const step = draft.steps.find(({ status }) => status === 401 || status === 403) ?? draft.steps.at(-1);
  const values: (readonly [Dimension, string | undefined])[] = [
    ["region", draft.region],
    ["api", api.id],
    ["operation", draft.operation.id],
    ["product", api.product],
    ["subscription", draft.subscription],
    ["backend", reached ? backend.id : undefined],
    ["callerNetwork", `${draft.address.slice(0, draft.address.lastIndexOf("."))}.0/24`],
    ["userAgentFamily", api.headers ? draft.userAgent.split("/", 1)[0]?.toLowerCase() : undefined],
    ["cosmosAccount", step === undefined ? undefined : backend.account.name],
    ["cosmosRegion", step?.region],
    ["database", step === undefined ? undefined : backend.account.database],
    ["container", step?.container],
    ["cosmosOperation", step?.operation],
    ["cosmosPrincipal", step === undefined || step.status === 401 ? undefined : step.principal],
    ["credential", step?.credential],
    ["clientNetwork", step === undefined ? undefined : `${step.client.slice(0, step.client.lastIndexOf("."))}.0/24`],
  ];
  if (api.claims && token !== undefined) {
    values.push(
      ["appId", draft.app.appId],
      ["issuer", token.issuer],
      ["audience", token.audience],
      ["tokenVersion", token.version],
      ["keyId", token.keyId],
    );
    values.push(
      ["roles", token.roles === "" ? "(none)" : token.roles],
      ["scopes", token.scopes === "" ? "(none)" : token.scopes],
    );
    if (draft.validated) values.push(["principal", draft.app.objectId]);
  }
  return values.flatMap(([dimension, value]) => (value === undefined ? [] : [[dimension, value] as const]));
}

interface Count {
  refused: number;
  others: number;
}

/** Share of the fault's calls that a split must hold, and how much worse than the purest its share of others may be. */
const COVERS = 0.9;
const AS_PURE = 0.85;

/** Splits over one or two dimensions that hold nearly all refused calls and are as pure as the purest that does. */
export function equivalents(during: readonly Draft[], cause: string): readonly DimensionValues[] {
  const counts = new Map<string, Count>();
  let refused = 0;
  for (const draft of during) {
    const hit = draft.fault === cause;
    if (hit) refused += 1;
    if (!hit && draft.status >= 400) continue;
    for (const key of keysOf(draft)) {
      const count = counts.get(key) ?? { refused: 0, others: 0 };
      counts.set(key, count);
      if (hit) count.refused += 1;
      else count.others += 1;
    }
  }
  const purity = ({ refused: inside, others }: Count): number => inside / (inside + others);
  const covering = [...counts].filter(([, count]) => count.refused >= COVERS * refused && count.refused > 0);
  const singles = covering.filter(([key]) => !key.includes("\u0001"));
  const purest = covering.reduce((best, [, count]) => Math.max(best, purity(count)), 0);
  const purestSingle = singles.reduce((best, [, count]) => Math.max(best, purity(count)), 0);
  const list = purestSingle >= AS_PURE * purest ? singles : covering;
  return list
    .filter(([, count]) => purity(count) >= AS_PURE * purest)
    .slice(0, 60)
    .map(([key]) => Object.fromEntries(key.split("\u0001").map((part) => part.split("\u0002"))));
}

function keysOf(draft: Draft): readonly string[] {
  const parts = logged(draft).map(([dimension, value]) => `${dimension}\u0002${value}`);
  const keys = [...parts];
  for (let i = 0; i < parts.length; i++)
    for (let j = i + 1; j < parts.length; j++) keys.push(`${parts[i] ?? ""}\u0001${parts[j] ?? ""}`);
  return keys;
}
