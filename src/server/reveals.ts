import type { Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { PSEUDONYM } from "./access/pseudonyms.ts";
import { reason } from "./api/schemas.ts";
import { type Revealed, revealPage } from "./pages/reveal.ts";
import { problem } from "./problem.ts";
import type { Screen } from "./view.ts";

const MOST_BODY = 8_192;
const NOTHING: Revealed = { pseudonym: "", reason: "", faults: [], name: undefined };

/** The page on which auditors look up who is behind a pseudonym; nobody else has it. */
export function revealPages(
  app: Hono,
  {
    screen,
    missing,
  }: {
    readonly screen: (context: Context) => Screen;
    readonly missing: (context: Context) => Response | Promise<Response>;
  },
): void {
  app.get("/reveals", (context) => {
    const shown = screen(context);
    if (shown.reveal === undefined) return missing(context);
    const pseudonym = (context.req.query("pseudonym") ?? "").slice(0, 200);
    return context.html(revealPage(shown, { ...NOTHING, pseudonym }));
  });
  app.post(
    "/reveals",
    bodyLimit({ maxSize: MOST_BODY, onError: (context) => problem(context, 413, `At most ${MOST_BODY} bytes.`) }),
    async (context) => {
      const { reveal, ...shown } = screen(context);
      if (reveal === undefined) return missing(context);
      const form = await context.req.parseBody();
      const asked = { pseudonym: textOf(form["pseudonym"]), reason: textOf(form["reason"]) };
      const faults = faultsOf(asked);
      if (faults.length > 0) return context.html(revealPage(shown, { ...NOTHING, ...asked, faults }), 400);
      const name = reveal(asked.pseudonym, asked.reason) ?? null;
      return context.html(revealPage(shown, { ...NOTHING, ...asked, name }));
    },
  );
}

const textOf = (value: unknown): string => (typeof value === "string" ? value.trim() : "");

const faultsOf = (asked: Pick<Revealed, "pseudonym" | "reason">): readonly string[] => [
  ...(PSEUDONYM.test(asked.pseudonym)
    ? []
    : ["A pseudonym is a ~ and 16 digits of 0 to 9 and a to f, as viewers are shown it."]),
  ...(reason.safeParse(asked.reason).success ? [] : ["Say why, in at most 500 characters."]),
];
