import { decisionsAbout } from "../../findings/decisions.ts";
import { toFindingJson } from "../../findings/report-json.ts";
import { FindingSchema } from "../../findings/report-schema.ts";
import { z } from "zod";
import type { Finding } from "../../model/finding.ts";
import { plusMs } from "../../model/time.ts";
import { azureLink } from "../azure-link.ts";
import { filterOf, isAsked } from "../filter.ts";
import { iso } from "../format.ts";
import { findingKql } from "../kql.ts";
import { inOrder } from "../../findings/order.ts";
import { afterCursorOrFault, cursorOf } from "../paging.ts";
import { findingRange } from "../pages/finding.ts";
import { newestOf } from "../pages/overview.ts";
import { bucketsOf, rangeOf, type TimeRange } from "../range.ts";
import { allFindings, findingOf, type Screen } from "../view.ts";
import { buckets, inRange, noBuckets, one } from "./answers.ts";
import { decisionJson } from "./decision-routes.ts";
import { type Answer, type Asked, missing, type Route, type ScreenOf } from "./route.ts";
import * as shapes from "./schemas.ts";

/** Lists and parts of findings. */
export const findingRoutes = (screen: ScreenOf): readonly Route[] => [
  {
    method: "get",
    path: "/api/v1/findings",
    id: "listFindings",
    summary: "Findings, those going on first, worst first, newest first.",
    query: shapes.FindingsQuery,
    answer: FindingSchema,
    isList: true,
    handle: (asked) => findings(screen(asked), asked),
  },
  ...evidenceRoutes(screen),
];

/** A part of one finding. */
function partOf(
  screen: ScreenOf,
  name: string,
  route: Pick<Route, "id" | "summary" | "answer"> & Partial<Route>,
  handle: (shown: Screen, finding: Finding) => Answer,
): Route {
  return {
    method: "get",
    path: `/api/v1/findings/:id${name}`,
    params: { id: shapes.findingId },
    handle: (asked) => {
      const shown = screen(asked);
      const finding = findingOf(shown.view, asked.param("id"));
      return finding === undefined ? missing : handle(shown, finding);
    },
    ...route,
  };
}

const evidenceRoutes = (screen: ScreenOf): readonly Route[] => [
  partOf(screen, "", { id: "getFinding", summary: "One finding.", answer: FindingSchema }, (_, finding) =>
    one(toFindingJson(finding)),
  ),
  partOf(
    screen,
    "/minutes",
    {
      id: "listFindingMinutes",
      summary: "Calls and refusals of a finding's callers over time.",
      query: shapes.RangeQuery,
      answer: shapes.MinuteSchema,
      isList: true,
      more: { bucketMinutes: shapes.bucketMinutes },
    },
    ({ view, url }, finding) => {
      const minutes = view.findingMinutes(finding.id);
      const range = findingRange(url, minutes);
      return inRange(range, () => buckets(bucketsOf(minutes, range)), noBuckets);
    },
  ),
  ...comparisonRoutes(screen),
];

const comparisonRoutes = (screen: ScreenOf): readonly Route[] => [
  partOf(
    screen,
    "/comparison",
    {
      id: "compareFinding",
      summary: "What the refused calls have more often than the same callers' calls that succeeded.",
      answer: shapes.DifferenceSchema,
      isList: true,
      more: { refused: z.int(), succeeded: z.int() },
    },
    ({ view }, finding) => {
      const { refused, succeeded, differences } = view.comparison(finding.id);
      return { kind: "list", items: differences, more: { refused, succeeded } };
    },
  ),
  partOf(
    screen,
    "/samples",
    {
      id: "listSamples",
      summary: "Refused calls of a finding, and succeeded ones to compare.",
      answer: shapes.SampleSchema,
      isList: true,
    },
    ({ view }, finding) => ({
      kind: "list",
      items: view.samples(finding.id).map((row) => Object.assign({}, row, { time: iso(row.time) })),
    }),
  ),
  partOf(
    screen,
    "/kql",
    { id: "getKql", summary: "The finding's calls as a query of Log Analytics.", answer: shapes.KqlSchema },
    ({ azure }, finding) => {
      const kql = findingKql(finding);
      const end = finding.end ?? plusMs(finding.onset, 86_400_000);
      const portal = azure === undefined ? undefined : azureLink(azure, kql, [plusMs(finding.onset, -900_000), end]);
      return one({ kql, portal: portal ?? null });
    },
  ),
  partOf(
    screen,
    "/decisions",
    {
      id: "listDecisions",
      summary: "Who acknowledged or muted it, newest first.",
      answer: shapes.DecisionSchema,
      isList: true,
    },
    ({ decisions }, finding) => ({
      kind: "list",
      items: decisionsAbout(decisions.all, finding).map(decisionJson),
    }),
  ),
];

const PAGE = 100;

function findings({ view, now, url }: Screen, { query }: Asked): Answer {
  const range = rangeOf((name) => url.searchParams.get(name) ?? undefined, newestOf(view, now), "now-2d");
  const hasRange = url.searchParams.has("from") || url.searchParams.has("to");
  if (!hasRange) return page(view, { url, query, range: undefined });
  return inRange(range, () => page(view, { url, query, range }), { kind: "list", items: [] });
}

function page(view: Screen["view"], asked: Pick<Asked, "url" | "query"> & { range: TimeRange | undefined }): Answer {
  const { url, query, range } = asked;
  const filter = filterOf((name) => url.searchParams.getAll(name), range);
  const found = inOrder(allFindings(view).filter((finding) => isAsked(finding, filter)));
  const rest = afterCursorOrFault(found, url.searchParams.get("cursor") ?? undefined);
  if (rest === undefined) return { kind: "fault", status: 400, says: "cursor: is none that a page gave" };
  const limit = typeof query["limit"] === "number" ? query["limit"] : PAGE;
  const shown = rest.slice(0, limit);
  return {
    kind: "list",
    items: shown.map(toFindingJson),
    next: rest.length > limit ? (cursorOf(shown.at(-1)) ?? null) : null,
  };
}
