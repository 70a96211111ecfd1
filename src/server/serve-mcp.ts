import type { Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { answerMcp } from "./mcp.ts";
import { problem } from "./problem.ts";
import type { View } from "./view.ts";

const MOST_BODY = 65_536;

/** `/mcp`: the Model Context Protocol over HTTP, one message a request, nothing kept between two. */
export function serveMcp(app: Hono, viewOf: (context: Context) => View, version: string): void {
  app.use(
    "/mcp",
    bodyLimit({ maxSize: MOST_BODY, onError: (context) => problem(context, 413, `At most ${MOST_BODY} bytes.`) }),
  );
  app.post("/mcp", async (context) => {
    if (!/^application\/json\b/i.test(context.req.header("content-type") ?? ""))
      return problem(context, 415, "Send application/json.");
    const answer = answerMcp(viewOf(context), await context.req.text(), version);
    return answer === undefined ? context.body(null, 202) : context.json(answer);
  });
  app.all("/mcp", (context) => problem(context, 405, "Send messages with POST.", { allow: "POST" }));
}
