import { z } from "zod";
import { privilegeSchema } from "../../findings/privilege-schema.ts";
import { toFindingJson, toPrincipalRowJson, toPrivilegeJson } from "../../findings/report-json.ts";
import { FindingSchema } from "../../findings/report-schema.ts";
import { formatInstant } from "../../model/time.ts";
import { missing, type Route, type ScreenOf } from "./route.ts";

const count = z.int().nonnegative();
const share = z.number().min(0).max(1);
const instant = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$/);

const PrincipalSchema = z.strictObject({
  principal: z.string().meta({ description: "Object id, or the name of a key; empty where nothing was logged." }),
  kind: z.enum(["principal", "group", "key", "token", "unknown"]),
  account: z.string(),
  score: z.number().min(0).max(100).meta({ description: "docs/privileges.md has the formula." }),
  confidence: share,
  enough: z.boolean().meta({ description: "Whether what was not used is likely not to be used." }),
  roles: z.array(z.string()),
  actionsGranted: count,
  actionsUsed: count,
  calls: count,
  refused: count,
  lastUsed: instant.nullable(),
  verdict: z.string(),
  findings: z.array(z.string()),
});

const PrincipalAccountSchema = z.strictObject({
  ...PrincipalSchema.shape,
  findings: z.array(FindingSchema),
  privilege: privilegeSchema(instant),
});

/** What principals hold, and what of it they use. */
export const principalRoutes = (screen: ScreenOf): readonly Route[] => [
  {
    method: "get",
    path: "/api/v1/principals",
    id: "listPrincipals",
    summary: "Who holds or used something, the one that holds most that it does not need first.",
    answer: PrincipalSchema,
    isList: true,
    more: { judgedAt: instant.nullable() },
    handle: (asked) => {
      const { principals } = screen(asked).view;
      if (principals === undefined) return missing;
      const at = principals.judgedAt();
      const more = { judgedAt: at === null ? null : formatInstant(at) };
      return { kind: "list", items: principals.rows().map(toPrincipalRowJson), more };
    },
  },
  {
    method: "get",
    path: "/api/v1/principals/:id",
    id: "getPrincipal",
    summary: "What one principal or key holds, uses and needs, by account.",
    params: { id: z.string().min(1).max(300).meta({ description: "Object id, or the name of a key." }) },
    answer: PrincipalAccountSchema,
    isList: true,
    handle: async (asked) => {
      const accounts = (await screen(asked).view.principals?.principal(asked.param("id"))) ?? [];
      if (accounts.length === 0) return missing;
      const items = accounts.map(({ row, privilege, findings }) =>
        Object.assign(toPrincipalRowJson(row), {
          privilege: toPrivilegeJson(privilege),
          findings: findings.map(toFindingJson),
        }),
      );
      return { kind: "list", items };
    },
  },
];
