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
    ["apiRevision", draft.revision],
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

const purity = ({ refused: inside, others }: Count): number => inside / (inside + others);
const AND = "\u0001";

/** Splits over one or two dimensions that hold nearly all refused calls and are as pure as the purest that does. */
export function equivalents(during: readonly Draft[], cause: string): readonly DimensionValues[] {
  const compared = during
    .filter((draft) => draft.fault === cause || draft.status < 400)
    .map((draft) => ({ hit: draft.fault === cause, parts: partsOf(draft) }));
  const least = COVERS * compared.filter(({ hit }) => hit).length;
  const covering = (keys: (parts: readonly string[]) => readonly string[]): Map<string, Count> => {
    const counts = new Map<string, Count>();
    for (const { hit, parts } of compared) {
      for (const key of keys(parts)) {
        const count = counts.get(key) ?? { refused: 0, others: 0 };
        counts.set(key, count);
        if (hit) count.refused += 1;
        else count.others += 1;
      }
    }
    return new Map([...counts].filter(([, { refused }]) => refused > 0 && refused >= least));
  };
  const singles = covering((parts) => parts);
  // A pair covers only where each of the two does.
  const pairs = covering((parts) => pairsOf(parts.filter((part) => singles.has(part))));
  const best = (counts: Map<string, Count>): number => Math.max(0, ...[...counts.values()].map(purity));
  const purest = Math.max(best(singles), best(pairs));
  const list = best(singles) >= AS_PURE * purest ? [...singles] : [...singles, ...pairs];
  return list
    .filter(([, count]) => purity(count) >= AS_PURE * purest)
    .slice(0, 60)
    .map(([key]) => Object.fromEntries(key.split(AND).map((part) => part.split("\u0002"))));
}

const partsOf = (draft: Draft): readonly string[] =>
  logged(draft).map(([dimension, value]) => `${dimension}\u0002${value}`);

const pairsOf = (parts: readonly string[]): readonly string[] =>
  parts.flatMap((part, i) => parts.slice(i + 1).map((other) => `${part}${AND}${other}`));
