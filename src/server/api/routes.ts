import { z } from "zod";
import type { MatrixBy } from "../../findings/matrix.ts";
import { toReportJson } from "../../findings/report-json.ts";
import { ReportSchema } from "../../findings/report-schema.ts";
import { formatInstant, instantFromMs } from "../../model/time.ts";
import { iso } from "../format.ts";
import { KEPT_MINUTES, overviewRange } from "../pages/overview.ts";
import { bucketsOf, type TimeRange } from "../range.ts";
import type { Screen } from "../view.ts";
import { buckets, inRange, noBuckets, one } from "./answers.ts";
import { callRoutes } from "./call-routes.ts";
import { exportsHealth } from "./export-health.ts";
import { decisionRoutes } from "./decision-routes.ts";
import { findingRoutes } from "./finding-routes.ts";
import { principalRoutes } from "./principal-routes.ts";
import { revealRoutes } from "./reveal-routes.ts";
import type { Answer, Route, ScreenOf } from "./route.ts";
import * as shapes from "./schemas.ts";

/** Every operation of the API, in the order of its document. */
export const routesOf = (screen: ScreenOf): readonly Route[] => [
  ...wholeRoutes(screen),
  ...findingRoutes(screen),
  ...decisionRoutes(screen),
  ...callRoutes(screen),
  ...principalRoutes(screen),
  ...revealRoutes(screen),
];

function wholeRoutes(screen: ScreenOf): readonly Route[] {
  return [
    {
      method: "get",
      path: "/api/v1/report",
      id: "getReport",
      summary: "Everything that `analyze --json` would print now.",
      answer: ReportSchema,
      handle: (asked) => one(toReportJson(screen(asked).view.report())),
    },
    {
      method: "get",
      path: "/api/v1/minutes",
      id: "listMinutes",
      summary: "Calls and refusals over time, in at most 300 buckets.",
      query: shapes.RangeQuery,
      answer: shapes.MinuteSchema,
      isList: true,
      more: { bucketMinutes: shapes.bucketMinutes },
      handle: (asked) => {
        const shown = screen(asked);
        const range = overviewRange(shown);
        return inRange(range, () => buckets(bucketsOf(shown.view.minutes(KEPT_MINUTES), range)), noBuckets);
      },
    },
    {
      method: "get",
      path: "/api/v1/matrix",
      id: "getMatrix",
      summary: "Who is refused when: compared calls by API or caller and time.",
      query: shapes.MatrixQuery,
      answer: shapes.MatrixRowSchema,
      isList: true,
      more: { times: z.array(z.iso.datetime()), more: z.int() },
      handle: (asked) => {
        const shown = screen(asked);
        const range = overviewRange(shown);
        const nothing: Answer = { kind: "list", items: [], more: { times: [], more: 0 } };
        return inRange(range, () => matrix(shown, range, asked.query["by"] === "caller" ? "caller" : "api"), nothing);
      },
    },
    {
      method: "get",
      path: "/api/v1/health",
      id: "getHealth",
      summary: "Sources, alert targets and what is waited for.",
      answer: shapes.HealthSchema,
      handle: (asked) => one(health(screen(asked))),
    },
  ];
}

function health({ view, version }: Screen): unknown {
  const watermark = view.watermark();
  return {
    version,
    waitingFor: view.waitingFor(),
    watermark: watermark === null ? null : formatInstant(watermark),
    sources: view
      .sources()
      .map((row) => Object.assign({}, row, { newest: row.newest === null ? null : formatInstant(row.newest) })),
    targets: view.targets().map(({ name, type, delivered, failed, last }) => ({
      name,
      type,
      delivered,
      failed,
      last: last === null ? null : { at: iso(instantFromMs(last.at)), kind: last.kind, says: last.says },
    })),
    exports: exportsHealth(view),
    checkpoints: [...(view.trails?.() ?? [])].map(([source, { written, failed, behind }]) => ({
      source,
      written,
      failed,
      behind,
    })),
  };
}

function matrix({ view }: Screen, { from, to }: TimeRange, by: MatrixBy): Answer {
  const { rows, times, more } = view.matrix({ by, from, to });
  const items = rows.map(({ name, calls, refused, cells }) => ({ name, calls, refused, cells }));
  return { kind: "list", items, more: { times: times.map(iso), more } };
}
