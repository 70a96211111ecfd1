import type { Context, Hono } from "hono";
import { callPage, noCallPage } from "./pages/call.ts";
import { callsPage } from "./pages/calls.ts";
import type { Screen } from "./view.ts";

const LONGEST_ID = 512;

/** Pages about single calls. */
export function callPages(app: Hono, screen: (context: Context) => Screen): void {
  app.get("/calls", (context) => context.html(callsPage(screen(context))));
  app.get("/calls/:id", (context) => {
    const shown = screen(context);
    const id = context.req.param("id").slice(0, LONGEST_ID);
    const { calls, damages } = shown.view.calls(id);
    if (calls.length === 0) return context.html(noCallPage(shown, { id, damages }), 404);
    const wanted = Number(context.req.query("n") ?? 1);
    const place = Number.isInteger(wanted) && wanted >= 1 && wanted <= calls.length ? wanted : 1;
    return context.html(callPage(shown, { id, calls, damages, place }));
  });
}
