import type { Context, Hono } from "hono";
import { principalPage } from "./pages/principal.ts";
import { principalsPage } from "./pages/principals.ts";
import type { Screen } from "./view.ts";

interface Around {
  readonly screen: (context: Context) => Screen;
  readonly missing: (context: Context) => Response | Promise<Response>;
}

/** Pages about what principals hold. A finding about it leads to its principal's page. */
export function principalPages(app: Hono, { screen, missing }: Around): void {
  app.get("/principals", (context) => {
    const shown = screen(context);
    const { principals } = shown.view;
    if (principals === undefined) return missing(context);
    const asked = { q: context.req.query("q"), page: context.req.query("page") };
    return context.html(principalsPage(shown, principals, asked));
  });
  app.get("/principals/:id", async (context) => {
    const shown = screen(context);
    const accounts = (await shown.view.principals?.principal(context.req.param("id"))) ?? [];
    return accounts.length === 0 ? await missing(context) : context.html(principalPage(shown, accounts));
  });
  app.get("/failures/:id", async (context, next) => {
    const found = screen(context).view.principals?.findings() ?? [];
    const finding = found.find(({ id }) => id === context.req.param("id"));
    if (finding === undefined) return await next();
    if (finding.privilege === null) return context.redirect(`/principals#${finding.id}`);
    const [principal = ""] = (finding.subject.principal ?? "").split(", ");
    return context.redirect(principal === "" ? "/principals" : `/principals/${encodeURIComponent(principal)}`);
  });
}
