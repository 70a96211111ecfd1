import { z } from "zod";
import { inOrder } from "../findings/order.ts";
import { toFindingJson } from "../findings/report-json.ts";
import type { FindingKind } from "../model/finding.ts";
import { formatInstant } from "../model/time.ts";
import { toKeptCallJson } from "./api/call-routes.ts";
import { filterOf, isAsked } from "./filter.ts";
import { callKql, findingKql } from "./kql.ts";
import type { PrincipalsView } from "./principals-view.ts";
import { findingOf, type View } from "./view.ts";

/** One thing that a program can ask. */
export interface Tool {
  readonly description: string;
  readonly input: z.ZodObject;
  readonly run: (view: View, input: Readonly<Record<string, unknown>>) => unknown;
}

const MOST_CALLS = 5;
const MOST_PRINCIPALS = 20;

const callId = z
  .string()
  .min(1)
  .max(512)
  .meta({ description: "Correlation id, Cosmos DB activity id, or an id of your own." });
const id = z.string().min(1).max(40).meta({ description: "Id of a finding, F- and ten letters or digits." });

/** Everything that a program can ask; all of it only reads. */
export const TOOLS: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  [
    "find_failures",
    {
      description: "Findings about refused calls, those going on first, worst first: at most 20, in short.",
      input: z.strictObject({
        status: z.enum(["open", "resolved", "muted"]).optional(),
        search: z.string().max(200).optional().meta({ description: "Text in title, cause, subject or sample ids." }),
      }),
      run: (view, { status, search }) => {
        const filter = filterOf((name) => textsOf(name === "status" ? status : name === "q" ? search : undefined));
        const found = inOrder(view.report().findings.filter((finding) => isAsked(finding, filter)));
        const short = found.slice(0, 20).map(({ id: name, title, severity, status: state, counts, cause }) => ({
          id: name,
          title,
          severity,
          status: state,
          refused: counts.refused,
          calls: counts.calls,
          cause: cause.id,
        }));
        return { count: found.length, findings: short };
      },
    },
  ],
  [
    "get_finding",
    {
      description:
        "One finding whole: since when, what separates the refused calls, the cause with its evidence, what to do.",
      input: z.strictObject({ id }),
      run: (view, { id: name }) => {
        const finding = findingOf(view, String(name));
        return finding === undefined ? undefined : toFindingJson(finding);
      },
    },
  ],
  [
    "compare_failing_with_succeeding",
    {
      description: "What a finding's refused calls have more often than the same callers' calls that succeeded.",
      input: z.strictObject({ id }),
      run: (view, { id: name }) =>
        view.finding(String(name)) === undefined ? undefined : view.comparison(String(name)),
    },
  ],
  [
    "explain_call",
    {
      description:
        "Kept calls of a correlation id, an activity id or an id of your own: the verdict, what happened when, who it was and how far that can be believed, and what the last call before it that succeeded had otherwise. At most 5, the newest.",
      input: z.strictObject({ id: callId }),
      run: (view, { id: name }) => {
        const { calls, damages } = view.calls(String(name));
        if (calls.length === 0 && damages.length === 0) return undefined;
        return { count: calls.length, calls: calls.slice(-MOST_CALLS).map(toKeptCallJson), damages };
      },
    },
  ],
  [
    "list_over_privileged",
    {
      description:
        "Who holds more on Cosmos DB than its calls need, highest score first: at most 20, with the smallest roles that would do and how many observed calls those would have denied.",
      input: z.strictObject({
        minScore: z.number().min(0).max(100).optional().meta({ description: "0 to 100; 0 without it." }),
      }),
      run: ({ principals }, { minScore }) =>
        principals === undefined ? undefined : overPrivileged(principals, typeof minScore === "number" ? minScore : 0),
    },
  ],
  [
    "get_kql",
    {
      description: "A query over Log Analytics for a finding's calls, or for one kept call.",
      input: z.strictObject({
        id: callId.meta({ description: "Id of a finding, F- and ten letters or digits, or any id of a call." }),
      }),
      run: (view, { id: name }) => {
        const finding = findingOf(view, String(name));
        if (finding !== undefined) return { kql: findingKql(finding) };
        const call = view.calls(String(name)).calls.at(-1);
        return call === undefined ? undefined : { kql: callKql(call.story) };
      },
    },
  ],
]);

/** Open findings of principals with their smallest roles; details are in the finding and under the principal's own id. */
function overPrivileged(principals: PrincipalsView, minScore: number): unknown {
  const found = principals
    .findings()
    .filter(({ kind, status, privilege }) => status !== "resolved" && privilege !== null && OVER.has(kind))
    .flatMap(({ id: finding, title, severity, subject, privilege }) => {
      if (privilege === null || privilege.score < minScore) return [];
      const { score, confidence, replay, recommended } = privilege;
      const roles = recommended === null ? [] : [recommended, ...recommended.further];
      const smallest = roles.map(({ roleDefinition, assignments }) => ({
        actions: roleDefinition.Permissions.flatMap(({ DataActions }) => DataActions),
        scopes: assignments.map(({ scope }) => scope),
      }));
      const { calls, wouldBeDenied } = replay;
      return [{ finding, title, severity, ...subject, score, confidence, smallest, replay: { calls, wouldBeDenied } }];
    })
    .toSorted((a, b) => b.score - a.score);
  const judged = principals.judgedAt();
  return {
    judgedAt: judged === null ? null : formatInstant(judged),
    count: found.length,
    principals: found.slice(0, MOST_PRINCIPALS),
  };
}

const OVER: ReadonlySet<FindingKind> = new Set<FindingKind>([
  "over-privileged-principal",
  "grant-never-used",
  "redundant-role-assignment",
]);

const textsOf = (value: unknown): readonly string[] | undefined => (typeof value === "string" ? [value] : undefined);
