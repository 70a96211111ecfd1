import { z } from "zod";
import { instantFromMs } from "../../model/time.ts";
import { iso } from "../format.ts";
import type { View } from "../view.ts";

const instant = z.iso.datetime();
const count = z.int().nonnegative();

/** A schedule of exports in the answer about health. */
export const ExportHealthSchema = z.strictObject({
  name: z.string(),
  to: z.string(),
  written: count,
  failed: count,
  hoursBehind: count,
  newest: z
    .strictObject({ sequence: count, kind: z.enum(["digest", "export"]), from: instant, to: instant, at: instant })
    .nullable(),
  failure: z.strictObject({ at: instant, says: z.string() }).nullable(),
});

export const exportsHealth = (view: View): readonly z.infer<typeof ExportHealthSchema>[] =>
  (view.exports?.() ?? []).map(({ name, to, written, failed, hoursBehind, newest, failure }) => ({
    name,
    to,
    written,
    failed,
    hoursBehind,
    newest: newest === null ? null : { ...newest, at: iso(instantFromMs(newest.at)) },
    failure: failure === null ? null : { says: failure.says, at: iso(instantFromMs(failure.at)) },
  }));
