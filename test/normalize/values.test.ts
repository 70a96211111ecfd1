import { describe, expect, test } from "vitest";
import { addressOf, idOf, subjectOf } from "../../src/normalize/values.ts";

describe("addressOf", () => {
  const cases = [
    { text: "203.0.113.7", address: "203.0.113.7" },
    { text: "203.0.113.7:51234", address: "203.0.113.7" },
    { text: "2001:db8::1", address: "2001:db8::1" },
    { text: "[2001:DB8::1]:443", address: "2001:db8::1" },
    { text: "::ffff:203.0.113.7", address: "203.0.113.7" },
    { text: "203.0.113.7, 10.0.0.1", address: "203.0.113.7" },
    { text: "127.0.0.0/8", address: undefined },
    { text: "XX:2a02:1", address: undefined },
    { text: "203.0.113.256", address: undefined },
    { text: "2001:db8:::1", address: undefined },
    { text: "", address: undefined },
    { text: "<script>", address: undefined },
  ];
  test.each(cases)("$text", ({ text, address }) => expect(addressOf(text)).toBe(address));
});

describe("idOf", () => {
  const cases = [
    { text: "ABCDEF01-2345-6789-ABCD-EF0123456789", id: "abcdef01-2345-6789-abcd-ef0123456789" },
    { text: "abcdef0123456789abcdef0123456789", id: "abcdef01-2345-6789-abcd-ef0123456789" },
    { text: " {abcdef01-2345-6789-abcd-ef0123456789} ", id: "abcdef01-2345-6789-abcd-ef0123456789" },
    { text: "Not-A-Guid", id: "not-a-guid" },
    { text: "", id: undefined },
  ];
  test.each(cases)("$text", ({ text, id }) => expect(idOf(text)).toBe(id));
});

test.each([
  "",
  "-",
  "null",
  "None",
  "00000000-0000-0000-0000-000000000000",
  "00000000000000000000000000000000",
  undefined,
])("nobody: %s", (text) => expect(subjectOf(text)).toBeUndefined());
test("somebody is told apart, also by half of a character", () => {
  expect(subjectOf("ABCDEF01-2345-6789-ABCD-EF0123456789")).toBe("abcdef01-2345-6789-abcd-ef0123456789");
  expect(subjectOf("\ud800")).not.toBe(subjectOf("\ud801"));
});
