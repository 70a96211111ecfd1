import type { FuzzInput } from "./ways.ts";

/** A number in [0, 1). */
export type Random = () => number;

/** Values that have been told apart wrongly somewhere, as they stand in JSON or nearly so. */
const VALUES = [
  [
    "null",
    "true",
    "false",
    "nul",
    "True",
    "0",
    "-0",
    "01",
    "00",
    "1.",
    ".5",
    "1e3",
    "1E+2",
    "1.50",
    "-1",
    "200",
    "403",
  ],
  ["12345678901234567", "1234567890123456", "999999999999999", "0.000000000000001", "1764072000", "1764072000000"],
  [
    "{}",
    "[]",
    "[[]]",
    '["x"]',
    '["x","y"]',
    '[ "x" ]',
    '{"name":"st","value":"validated"}',
    '[{"name":"st","value":"x"}]',
  ],
  ['""', '" "', '"x"', '"null"', '"true"', '"True"', '"0"', '"200"', '"0200"', '" 200"', '"1e2"', '"1.5"', '"-1"'],
  [
    '"\\u0041\\/b"',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\ud83d\\ude00"',
    '"\\x"',
    '"\\u12"',
    '"\\"',
    '"\\\\"',
    '"\\n"',
    '"\\u0000"',
  ],
  ['"\xc3\xa9"', '"\xe2\x80\xa8"', '"\xf0\x9f\x98\x80"', '"\xc0\x80"', '"\xed\xa0\x80"', '"\xff"', '"a\tb"', "'x'"],
  ['"2026-02-30T00:00:00Z"', '"2026-11-25T24:00:00Z"', '"2026-11-25 12:00:00"', '"2026-11-25T12:00:00"'],
  ['"2026-11-25T12:00:00.1234567Z"', '"2026-11-25T12:00:00.12345678Z"', '"2026-11-25T12:00:00+01:00"'],
  ['"https://user@host/"', '"https:\\/\\/host\\/"', '"https://h.documents.azure.com:443/"', '"10.0.0.1:443"', '"::1"'],
  [
    '"00000000-0000-4000-8000-000000000001"',
    '"{00000000-0000-4000-8000-000000000001}"',
    '"00000000000040008000000000000001"',
  ],
  ['"GatewayLogs"', '"DataPlaneRequests"', '"gatewaylogs"', '"AzureDiagnostics"', '"\\u0047atewayLogs"'],
  ["[".repeat(50) + "]".repeat(50), '{"a":'.repeat(66) + "1" + "}".repeat(66), `"${"x".repeat(260)}"`],
].flat();

const BYTES = '"\\{}[],:0123456789eE+-.tfnul \n\r\t\0/\x7f\x80\xc3\xe2\xff';
const MEMBER = /"([\w-]+)"\s*:\s*("(?:[^"\\]|\\.)*"|[-\d.eE+]+|true|false|null)/g;
const SURROGATES = ["\\ud800", "\\udfff", "\\ud83d\\ude00", "\\uD83D", "\xed\xb0\x80", "\\u0022", "\\u005c", "\\/"];
const MOST_BYTES = 3_000;
const MOST_CUTS = 4;

interface Member {
  readonly from: number;
  readonly to: number;
  readonly key: string;
  readonly value: string;
}

/** The member at or behind a place of the text. */
function memberAt(text: string, place: number): Member | undefined {
  MEMBER.lastIndex = place;
  const match = MEMBER.exec(text);
  if (match === null) return undefined;
  const [whole, key = "", value = ""] = match;
  return { from: match.index, to: match.index + whole.length, key, value };
}

type Dice = (below: number) => number;
const hex4 = (code: number): string => `\\u${code.toString(16).padStart(4, "0")}`;

/** Members of the object changed; the text around stays. */
type MemberChange = (member: Member, whole: string, dice: Dice) => string;

const anyOf = (list: readonly string[] | string, dice: Dice): string => list[dice(list.length)] ?? "";

/** A character of a text becomes its escape. */
function escaped(text: string, dice: Dice): string {
  if (text === "") return "\\u0041";
  const at = dice(text.length);
  const character = text[at] ?? "";
  return (
    text.slice(0, at) +
    (character === "/" && dice(2) === 0 ? "\\/" : hex4(character.charCodeAt(0))) +
    text.slice(at + 1)
  );
}

const isText = (value: string): boolean => value.startsWith('"');
const inner = (value: string): string => (isText(value) ? value.slice(1, -1) : value);

const MEMBER_CHANGES: readonly MemberChange[] = [
  ({ key }, _, dice) => `"${key}":${anyOf(VALUES, dice)}`,
  ({ key }, _, dice) => `"${key}":${anyOf(VALUES, dice)}`,
  ({ key }, whole, dice) => `"${key}":${anyOf(VALUES, dice)},${whole}`,
  ({ key }, whole, dice) => `${whole},"${key.toUpperCase()}":${anyOf(VALUES, dice)}`,
  (_, whole) => `${whole},${whole}`,
  ({ key, value }, _, dice) => `"${dice(2) === 0 ? key.toUpperCase() : key.toLowerCase()}":${value}`,
  ({ key, value }, _, dice) => `"${key}${anyOf(["_s", "_d", "_g", "_b", " ", "x"], dice)}":${value}`,
  ({ value }) => `"ignored":${value}`,
  ({ key, value }, _, dice) => `"${escaped(key, dice)}":${value}`,
  ({ key, value }, _, dice) => `"${key}":"${escaped(inner(value), dice)}"`,
  ({ key, value }, _, dice) => `"${key}":"${inner(value)}${anyOf(SURROGATES, dice)}"`,
  ({ key, value }) => `"${key}":${isText(value) ? inner(value) : `"${value}"`}`,
  ({ key }) => `"${key}":null`,
  ({ key, value }) => `"${key}":[${value}]`,
  ({ key, value }) => `"${key}":{"${key}":${value}}`,
  ({ key, value }, _, dice) => `${" ".repeat(dice(20))}"${key}"  :${" ".repeat(dice(3))}${value}  `,
];

type Change = (text: string, dice: Dice, other: string) => string;

function changeMember(text: string, dice: Dice): string {
  const member = memberAt(text, dice(text.length));
  const change = MEMBER_CHANGES[dice(MEMBER_CHANGES.length)];
  if (member === undefined || change === undefined) return text;
  const put = change(member, text.slice(member.from, member.to), dice);
  return text.slice(0, member.from) + put + text.slice(member.to);
}

/** A member less, with the comma before or behind it. */
function dropMember(text: string, dice: Dice): string {
  const member = memberAt(text, dice(text.length));
  if (member === undefined) return text;
  const { from, to } = member;
  return text[from - 1] === ","
    ? text.slice(0, from - 1) + text.slice(to)
    : text.slice(0, from) + text.slice(text[to] === "," ? to + 1 : to);
}

function swapMembers(text: string, dice: Dice): string {
  const first = memberAt(text, dice(text.length));
  const second = first && memberAt(text, first.to + dice(200));
  if (first === undefined || second === undefined) return text;
  const between = text.slice(first.to, second.from);
  return `${text.slice(0, first.from)}${text.slice(second.from, second.to)}${between}${text.slice(first.from, first.to)}${text.slice(second.to)}`;
}

/** A member of another input, put in for one, or beside it. */
function strangeMember(text: string, dice: Dice, other: string): string {
  const here = memberAt(text, dice(text.length));
  const there = memberAt(other, dice(other.length));
  if (here === undefined || there === undefined) return text;
  const keep = dice(2) === 0 ? `${text.slice(here.from, here.to)},` : "";
  return text.slice(0, here.from) + keep + other.slice(there.from, there.to) + text.slice(here.to);
}

/** A line of either becomes one more of this. */
function addLine(text: string, dice: Dice, other: string): string {
  const lines = (dice(2) === 0 ? text : other).split("\n");
  const line = lines[dice(lines.length)] ?? "";
  return dice(2) === 0 ? `${line}\n${text}` : `${text}${text.endsWith("\n") ? "" : "\n"}${line}\n`;
}

/** Lines become an envelope, or what is in the list of one becomes a line. */
function reframed(text: string): string {
  const list = /^\{\s*"records"\s*:\s*\[(.*)\]\s*\}\s*$/s.exec(text)?.[1];
  if (list !== undefined) return `${list.replaceAll("},{", "}\n{")}\n`;
  return `{"records":[${text.trimEnd().replaceAll("\n", ",")}]}\n`;
}

const replaced = (text: string, at: number, length: number, by: string): string =>
  text.slice(0, at) + by + text.slice(at + length);

/** A line less. */
function dropLine(text: string, dice: Dice): string {
  const lines = text.split("\n");
  return lines.length > 2 ? lines.toSpliced(dice(lines.length - 1), 1).join("\n") : text;
}

/** These leave sound JSON sound, mostly. */
const SOUND: readonly Change[] = [
  ...Array<Change>(8).fill(changeMember),
  dropMember,
  dropMember,
  swapMembers,
  strangeMember,
  strangeMember,
  addLine,
  dropLine,
  reframed,
];

/** And these mostly not. */
const UNSOUND: readonly Change[] = [
  (text, dice) => {
    const at = dice(text.length);
    return replaced(text, at, 1, String.fromCharCode(text.charCodeAt(at) ^ (1 << dice(8))));
  },
  (text, dice) => replaced(text, dice(text.length), 1, anyOf(BYTES, dice)),
  (text, dice) => replaced(text, dice(text.length), 0, anyOf(BYTES, dice)),
  (text, dice) => replaced(text, dice(text.length), 1 + dice(8), ""),
  (text, dice) => {
    const at = dice(text.length);
    return replaced(text, at, 0, text.slice(at, at + dice(64)));
  },
  (text, dice) => text.slice(0, dice(text.length)),
  (text, dice, other) => text.slice(0, dice(text.length)) + other.slice(dice(other.length)),
];

/** An input some changes away, mostly one or two; `other` is another of the corpus. */
export function mutated(input: FuzzInput, other: FuzzInput, random: Random): FuzzInput {
  const dice: Dice = (below) => Math.floor(random() * below);
  let { text, isBody } = input;
  do {
    const changes = dice(16) === 0 ? UNSOUND : SOUND;
    const change = changes[dice(changes.length)];
    if (change !== undefined && text !== "") text = change(text, dice, other.text);
  } while (dice(2) === 0);
  if (text.length > MOST_BYTES) text = text.slice(-MOST_BYTES);
  if (dice(8) === 0) isBody = !isBody;
  const cuts = dice(4) === 0 ? Array.from({ length: dice(MOST_CUTS + 1) }, () => dice(MOST_BYTES)) : input.cuts;
  return { text, isBody, cuts };
}
