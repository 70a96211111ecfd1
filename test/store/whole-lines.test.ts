import { expect, test } from "vitest";
import { wholeLines } from "../../src/store/whole-lines.ts";

test.each([
  { name: "whole lines", text: "a\nb\n", whole: "a\nb\n" },
  { name: "a line that was cut off", text: "a\nb", whole: "a\n" },
  { name: "a last line whose beginning never reached the disk", text: "a\n\0\0b\n", whole: "a\n" },
  { name: "a first line of which nothing did", text: "\0\0\0", whole: "" },
  { name: "the only line, torn", text: "\0b\n", whole: "" },
  { name: "an earlier line that was changed stays to be told", text: "\0a\nb\n", whole: "\0a\nb\n" },
  { name: "nothing", text: "", whole: "" },
])("$name", ({ text, whole }) => {
  expect(wholeLines(text)).toBe(whole);
});
