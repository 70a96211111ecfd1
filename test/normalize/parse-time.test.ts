import { describe, expect, test } from "vitest";
import { formatInstant } from "../../src/model/time.ts";
import { parseInstant } from "../../src/normalize/parse-time.ts";

const cases: { name: string; value: unknown; instant: string | undefined }[] = [
  { name: "seven digits", value: "2026-11-25T12:00:00.1234567Z", instant: "2026-11-25T12:00:00.1234567Z" },
  {
    name: "nine digits are cut to ticks",
    value: "2026-11-25T12:00:00.123456789Z",
    instant: "2026-11-25T12:00:00.1234567Z",
  },
  { name: "no fraction", value: "2026-11-25T12:00:00Z", instant: "2026-11-25T12:00:00.0000000Z" },
  { name: "one digit", value: "2026-11-25T12:00:00.5Z", instant: "2026-11-25T12:00:00.5000000Z" },
  { name: "no zone is UTC", value: "2026-11-25T12:00:00.123", instant: "2026-11-25T12:00:00.1230000Z" },
  { name: "a space instead of T", value: "2026-11-25 12:00:00.983201900", instant: "2026-11-25T12:00:00.9832019Z" },
  { name: "an offset", value: "2026-11-25T14:00:00.2279838+02:00", instant: "2026-11-25T12:00:00.2279838Z" },
  { name: "an offset of zero", value: "2026-11-25T12:00:00+00:00", instant: "2026-11-25T12:00:00.0000000Z" },
  { name: "US form in the morning", value: "11/25/2026 1:48:53 AM", instant: "2026-11-25T01:48:53.0000000Z" },
  { name: "US form at noon", value: "11/25/2026 12:00:00 PM", instant: "2026-11-25T12:00:00.0000000Z" },
  { name: "US form with fraction", value: "11/25/2026, 12:00:00.123 AM", instant: "2026-11-25T00:00:00.1230000Z" },
  { name: "RFC 1123", value: "Wed, 25 Nov 2026 12:00:00.266 GMT", instant: "2026-11-25T12:00:00.2660000Z" },
  { name: "spaces inside", value: "2026-11-25T07: 45: 44.58Z", instant: "2026-11-25T07:45:44.5800000Z" },
  { name: "no seconds", value: "2026-11-25T12:00Z", instant: "2026-11-25T12:00:00.0000000Z" },
  { name: "an offset of hours", value: "2026-11-25T14:00:00+02", instant: "2026-11-25T12:00:00.0000000Z" },
  { name: "US form with an offset", value: "11/25/2026 2:00:00 PM +02:00", instant: "2026-11-25T12:00:00.0000000Z" },
  {
    name: "more digits than ticks",
    value: "2026-11-25T12:00:00.123456789012Z",
    instant: "2026-11-25T12:00:00.1234567Z",
  },
  { name: "midnight at the day's end", value: "2026-11-25T24:00:00Z", instant: "2026-11-26T00:00:00.0000000Z" },
  { name: "an hour that does not exist", value: "2026-11-25T24:30:00Z", instant: undefined },
  { name: "Unix microseconds", value: 1_795_608_000_123_456, instant: undefined },
  { name: "Unix seconds", value: 1_795_608_000, instant: "2026-11-25T12:00:00.0000000Z" },
  { name: "Unix seconds as text", value: "1795608000", instant: "2026-11-25T12:00:00.0000000Z" },
  { name: "Unix milliseconds", value: 1_795_608_000_123, instant: "2026-11-25T12:00:00.1230000Z" },
  { name: "the year 1601", value: "1601-01-01T00:00:00Z", instant: "1601-01-01T00:00:00.0000000Z" },
  { name: "a day that does not exist", value: "2026-02-30T12:00:00Z", instant: undefined },
  { name: "a month that does not exist", value: "2026-13-01T12:00:00.1234567Z", instant: undefined },
  { name: "x for digits", value: "2020-10-14T17:xx:xx.xx", instant: undefined },
  { name: "words", value: "yesterday", instant: undefined },
  { name: "nothing", value: "", instant: undefined },
  { name: "an object", value: {}, instant: undefined },
];

describe("parseInstant", () => {
  test.each(cases)("$name", ({ value, instant }) => {
    const parsed = parseInstant(value);
    expect(parsed === undefined ? undefined : formatInstant(parsed)).toBe(instant);
  });
});
