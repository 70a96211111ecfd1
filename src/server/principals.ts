import type { Context, Hono } from "hono";
import { toFindingJson, toPrincipalRowJson, toPrivilegeJson } from "../findings/report-json.ts";
import { iso } from "./format.ts";
import { principalPage } from "./pages/principal.ts";
import { principalsPage } from "./pages/principals.ts";
import type { PrincipalsView } from "./principals-view.ts";
import type { Screen } from "./view.ts";

interface Around {
  readonly screen: (context: Context) => Screen;
  readonly missing: (context: Context) => Response | Promise<Response>;
}

/** Pages and API about what principals hold. A finding about it leads to its principal's page. */
export function principalRoutes(app: Hono, principals: PrincipalsView, { screen, missing }: Around): void {
  app.get("/principals", (context) =>
    context.html(
      principalsPage(screen(context), principals, { q: context.req.query("q"), page: context.req.query("page") }),
    ),
  );
  app.get("/principals/:id", (context) => {
    const accounts = principals.principal(context.req.param("id"));
    return accounts.length === 0 ? missing(context) : context.html(principalPage(screen(context), accounts));
  });
  app.get("/failures/:id", async (context, next) => {
    const finding = principals.findings().find(({ id }) => id === context.req.param("id"));
    if (finding === undefined) return await next();
    if (finding.privilege === null) return context.redirect(`/principals#${finding.id}`);
    const [principal = ""] = (finding.subject.principal ?? "").split(", ");
    return context.redirect(principal === "" ? "/principals" : `/principals/${encodeURIComponent(principal)}`);
  });
  app.get("/api/v1/principals", (context) => {
    const judgedAt = principals.judgedAt();
    return context.json({
      judgedAt: judgedAt === null ? null : iso(judgedAt),
      items: principals.rows().map(toPrincipalRowJson),
      next: null,
    });
  });
  app.get("/api/v1/principals/:id", (context) => {
    const accounts = principals.principal(context.req.param("id"));
    if (accounts.length === 0) return missing(context);
    return context.json({
      items: accounts.map(({ row, privilege, findings }) =>
        Object.assign(toPrincipalRowJson(row), {
          privilege: toPrivilegeJson(privilege),
          findings: findings.map(toFindingJson),
        }),
      ),
      next: null,
    });
  });
}
