import type { ComparedPart } from "../findings/call-comparison.ts";
import type { CallStory } from "../findings/call-story.ts";
import { CALL_COLUMNS, type Cell, type Column, OPERATION_COLUMNS, type Personal } from "../model/evidence.ts";
import type { Pseudonyms } from "./access/pseudonyms.ts";
import { hiddenFinding } from "./hidden-texts.ts";
import type { KeptCall } from "./view.ts";

const HIDDEN = "(hidden)";
const NOBODY: ReadonlySet<string> = new Set();

const kindsOf = (columns: readonly Column[]): ReadonlyMap<string, Personal> =>
  new Map(columns.flatMap(({ name, personal }) => (personal === undefined ? [] : [[name, personal] as const])));

const CALL = kindsOf(CALL_COLUMNS);
const OPERATION = kindsOf(OPERATION_COLUMNS);

/** One value of a column as who may not know whom has it. */
function hiddenCell(value: string, kind: Personal | undefined, names: Pseudonyms): string {
  switch (kind) {
    case undefined:
      return value;
    case "identity":
      return names.of(value);
    case "address": {
      const network = names.hide(value, [], NOBODY);
      return network === value ? HIDDEN : network;
    }
    case "agent":
    case "text":
      return HIDDEN;
  }
}

type Named = Readonly<Record<string, Cell>>;

const hiddenRow = (row: Named, kinds: ReadonlyMap<string, Personal>, names: Pseudonyms): Named =>
  Object.fromEntries(
    Object.entries(row).map(([column, cell]) => [
      column,
      typeof cell === "string" ? hiddenCell(cell, kinds.get(column), names) : cell,
    ]),
  );

/** Everything personal in a call, by which its sentences are searched. */
const personalIn = ({ call, operations }: CallStory): readonly string[] =>
  [...valuesIn(call, CALL), ...operations.flatMap((row) => valuesIn(row, OPERATION))].toSorted(
    (a, b) => b.length - a.length,
  );

const valuesIn = (row: Named, kinds: ReadonlyMap<string, Personal>): readonly string[] =>
  Object.entries(row).flatMap(([column, cell]) =>
    kinds.get(column) === "identity" && typeof cell === "string" && cell !== "" ? [cell] : [],
  );

function hiddenStory(story: CallStory, names: Pseudonyms): CallStory {
  const known = personalIn(story);
  const kept = new Set(story.ids);
  const hide = (text: string): string => names.hide(text, known, kept);
  return {
    ...story,
    verdict: hide(story.verdict),
    steps: story.steps.map(({ at, where, says }) => ({ at, where, says: hide(says) })),
    identity: story.identity.map(({ who, says }) => ({ who, says: hide(says) })),
    call: hiddenRow(story.call, CALL, names),
    operations: story.operations.map((row) => hiddenRow(row, OPERATION, names)),
  };
}

/** A kept call for people who may not know whom. */
export const hiddenCall = (call: KeptCall, names: Pseudonyms): KeptCall => ({
  story: hiddenStory(call.story, names),
  spans: call.spans,
  findings: call.findings.map((finding) => hiddenFinding(finding, names)),
  success() {
    const found = call.success();
    if (found === undefined) return undefined;
    const { differ, alike } = found.compared;
    const hide = (parts: readonly ComparedPart[]) =>
      parts.map(({ column, here, there }) => ({ column, here: side(column, here), there: side(column, there) }));
    const side = (column: string, value: string | null): string | null =>
      value === null ? null : hiddenCell(value, CALL.get(column), names);
    return { story: hiddenStory(found.story, names), compared: { differ: hide(differ), alike: hide(alike) } };
  },
});
