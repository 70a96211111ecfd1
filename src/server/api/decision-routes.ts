import { aboutOf, type Decision, type DecisionKind, type MuteScope } from "../../findings/decisions.ts";
import { one } from "./answers.ts";
import { missing, type Route, type ScreenOf } from "./route.ts";
import * as shapes from "./schemas.ts";

/** What people say about a finding. */
export function decisionRoutes(screen: ScreenOf): readonly Route[] {
  const decide = (kind: DecisionKind, name: string, route: Pick<Route, "id" | "summary" | "body">): Route => ({
    method: "post",
    path: `/api/v1/findings/:id/${name}`,
    params: { id: shapes.findingId },
    answer: shapes.DecisionSchema,
    faults: [403, 409],
    handle: (asked) => {
      const { view, decisions, now } = screen(asked);
      const finding = view.finding(asked.param("id"));
      if (finding === undefined) return missing;
      const scope = scopeOf(asked.body["scope"]);
      const about = aboutOf(finding, scope);
      if (about === undefined)
        return { kind: "fault", status: 409, says: "The finding names no principal to mute by." };
      const until = timeOf(asked.body["until"]);
      if (until !== null && until <= now) return { kind: "fault", status: 409, says: "until: is not in the future" };
      const text = asked.body["reason"];
      const reason = typeof text === "string" ? text : "";
      const decision: Decision = { at: now, by: decisions.by, kind, finding: finding.id, scope, about, reason, until };
      decisions.add(decision);
      return one(decisionJson(decision));
    },
    ...route,
  });
  return [
    decide("acknowledge", "acknowledge", {
      id: "acknowledge",
      summary: "Say that somebody looks after it.",
      body: shapes.AcknowledgeBody,
    }),
    decide("mute", "mute", {
      id: "mute",
      summary: "Tell nobody of it until a time; it stays, with the reason.",
      body: shapes.MuteBody,
    }),
    decide("unmute", "unmute", { id: "unmute", summary: "End a mute.", body: shapes.UnmuteBody }),
  ];
}

/** A decision as the published JSON has it. */
export function decisionJson({ at, until, ...decision }: Decision) {
  return { at: new Date(at).toISOString(), ...decision, until: until === null ? null : new Date(until).toISOString() };
}

const scopeOf = (value: unknown): MuteScope => (value === "principal" || value === "cause" ? value : "finding");

function timeOf(value: unknown): Decision["until"] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return typeof value === "string" ? (Date.parse(value) as Decision["at"]) : null;
}
