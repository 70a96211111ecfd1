import { z } from "zod";
import { toBesideJson } from "../../findings/call-comparison.ts";
import { toStoryJson } from "../../findings/call-story.ts";
import type { KeptCall } from "../view.ts";
import { missing, type Route, type ScreenOf } from "./route.ts";

const cell = z.union([z.string(), z.number(), z.boolean()]);

const parts = z.array(
  z.strictObject({ column: z.string(), here: z.string().nullable(), there: z.string().nullable() }),
);

const CallSchema = z.strictObject({
  id: z.string(),
  ids: z.array(z.string()),
  time: z.iso.datetime(),
  outcome: z.enum(["succeeded", "refused", "look-alike", "other"]),
  verdict: z.string(),
  steps: z.array(
    z.strictObject({ at: z.iso.datetime(), where: z.enum(["gateway", "backend", "cosmos"]), says: z.string() }),
  ),
  identity: z.array(z.strictObject({ who: z.string(), says: z.string() })),
  missing: z.array(z.string()),
  call: z.record(z.string(), cell),
  operations: z.array(z.record(z.string(), cell)),
  findings: z.array(z.string()).meta({ description: "Ids of the findings that it is among." }),
  lastSuccess: z
    .strictObject({ id: z.string(), time: z.iso.datetime(), differ: parts, alike: parts })
    .nullable()
    .meta({ description: "The last call before it of the same caller's same operation that succeeded, beside it." }),
});

/** A kept call as the published JSON has it. */
export const toKeptCallJson = (call: KeptCall): object => ({
  ...toStoryJson(call.story),
  findings: call.findings.map(({ id }) => id),
  lastSuccess: toBesideJson(call.success()),
});

/** Kept calls by any of their ids. */
export const callRoutes = (screen: ScreenOf): readonly Route[] => [
  {
    method: "get",
    path: "/api/v1/calls/:id",
    id: "getCalls",
    summary: "The kept calls of an id: correlation id, activity id, or an id of your own; newest last, at most 20.",
    params: { id: z.string().min(1).max(512) },
    answer: CallSchema,
    isList: true,
    more: { damages: z.array(z.string()) },
    handle: (asked) => {
      const { calls, damages } = screen(asked).view.calls(asked.param("id"));
      return calls.length === 0 && damages.length === 0
        ? missing
        : { kind: "list", items: calls.map(toKeptCallJson), more: { damages } };
    },
  },
];
