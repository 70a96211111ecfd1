import { expect, test } from "vitest";
import { dictionaryMarkdown } from "../../src/exports/dictionary.ts";

test("the manual has every column of the exported tables", async () => {
  await expect(dictionaryMarkdown()).toMatchFileSnapshot("../../docs/evidence-schema.md");
});
