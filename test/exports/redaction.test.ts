import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvText } from "../../src/lib/csv-text.ts";
import { Pseudonyms, rowRedactor, truncatedAddress } from "../../src/exports/redaction.ts";
import { NO_REDACTION, parseProfile, type Profile } from "../../src/model/redaction-profile.ts";
import { redactedFindings } from "../../src/exports/redacted-findings.ts";
import { CALL_COLUMNS, columnPlace, OPERATION_COLUMNS, type Personal } from "../../src/model/evidence.ts";
import { claims, gatewayRequest, operation } from "../builders.ts";
import { finding } from "../finding-builder.ts";
import { evidenceOf } from "./evidence-rows.ts";

const names = new Pseudonyms(Buffer.alloc(32, 7));
const profile = (over: Partial<Profile>): Profile => ({ ...NO_REDACTION, ...over });

test.each([
  { text: "address=truncate,identity=pseudonym", is: profile({ address: "truncate", identity: "pseudonym" }) },
  { text: " agent = drop ", is: profile({ agent: "drop" }) },
])("the profile $text", ({ text, is }) => {
  expect(parseProfile(text)).toEqual({ ok: true, value: is });
});

test.each([
  { text: "name=drop", says: '"name" is none of address, identity, agent, text' },
  { text: "address=hash", says: '"hash" is none of none, pseudonym, truncate, drop' },
  { text: "identity=truncate", says: "truncate is for address only" },
  { text: "constructor=drop", says: '"constructor" is none of address, identity, agent, text' },
])("the profile $text is refused", ({ text, says }) => {
  expect(parseProfile(text)).toEqual({ ok: false, error: says });
});

test.each([
  { address: "203.0.113.77", network: "203.0.113.0/24" },
  { address: "2001:db8:1:2::3", network: "2001:db8:1::/48" },
  { address: "::1", network: "0:0:0::/48" },
  { address: "fe80::", network: "fe80:0:0::/48" },
  { address: "203.0.113.77:51234", network: "203.0.113.0/24" },
  { address: "[2001:db8:1:2::3]:443", network: "2001:db8:1::/48" },
  { address: "::ffff:203.0.113.77", network: "203.0.113.0/24" },
  { address: "2001:db8:1:2:3:4:203.0.113.77", network: "2001:db8:1::/48" },
  { address: "fe80::1%eth0", network: "fe80:0:0::/48" },
  { address: "203.0.113.256", network: null },
  { address: "203.0.113.77:x", network: null },
  { address: "not an address", network: null },
  { address: "1.2.3", network: null },
])("$address is of $network", ({ address, network }) => {
  expect(truncatedAddress(address)).toBe(network);
});

test("of whatever address, the network tells nothing of the rest", () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 65_535 }), (address, port) => {
      const network = truncatedAddress(address) ?? "";
      expect(network).toMatch(/^(?:\d{1,3}\.){3}0\/24$|^(?:[0-9a-f]{1,4}:){3}:\/48$/i);
      const withPort = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
      expect(truncatedAddress(withPort)).toBe(network);
    }),
  );
});

describe("rows", () => {
  const app = "11111111-1111-4111-8111-111111111111";
  const { call, operations } = evidenceOf(
    gatewayRequest({
      status: 403,
      claims: claims({ appId: app }),
      userAgent: "billing/3",
      url: "https://a.example/x?name=anna",
    }),
    [operation({ principal: app, status: 403 })],
  );

  test("the same value has the same pseudonym wherever it stands, and another one under another key", () => {
    const hide = profile({ identity: "pseudonym" });
    const redacted = rowRedactor(CALL_COLUMNS, hide, names)(call);
    const name = redacted[columnPlace(CALL_COLUMNS, "caller_app")];
    expect(name).toMatch(/^~[0-9a-f]{16}$/);
    expect(redacted[columnPlace(CALL_COLUMNS, "cosmos_principal")]).toBe(name);
    const [row] = operations.map(rowRedactor(OPERATION_COLUMNS, hide, names));
    expect(row?.[columnPlace(OPERATION_COLUMNS, "principal")]).toBe(name);
    const other = rowRedactor(CALL_COLUMNS, hide, new Pseudonyms(Buffer.alloc(32, 8)))(call);
    expect(other[columnPlace(CALL_COLUMNS, "caller_app")]).not.toBe(name);
  });

  test.each<Personal>(["address", "identity", "agent", "text"])("what is dropped of %s is nowhere", (kind) => {
    const hide = profile({ [kind]: "drop" });
    const columns = CALL_COLUMNS.flatMap(({ personal }, place) => (personal === kind ? [place] : []));
    const redacted = rowRedactor(CALL_COLUMNS, hide, names)(call);
    expect(columns.some((place) => call[place] !== null)).toBe(true);
    expect(columns.map((place) => redacted[place])).toEqual(columns.map(() => null));
    expect(redacted.filter((_, place) => !columns.includes(place))).toEqual(
      call.filter((_, place) => !columns.includes(place)),
    );
  });
});

test("a finding's texts name nobody once identities are hidden, and still lead to its calls", () => {
  const app = "aaaaaaaa-1111-4111-8111-111111111111";
  const named = finding({
    title: `App ${app} of team-mobile is refused from 203.0.113.7 since 12:30:00, never from 203.0.113.9.`,
    subject: { principal: "team-mobile", principalKind: "subscription" },
    fix: { says: "Grant it", commands: [`az role assignment create --assignee ${app}`] },
  });
  const hide = profile({ identity: "pseudonym", address: "truncate" });
  const text = JSON.stringify(redactedFindings([named], hide, names));
  for (const who of [app, "team-mobile", "203.0.113.7", "203.0.113.9"]) expect(text).not.toContain(who);
  expect(text).toContain(names.of("identity", app));
  expect(text).toContain("203.0.113.0/24 since 12:30:00");
  for (const id of named.samples.refused) expect(text).toContain(id);
});

test("no cell of CSV begins as a formula, and what was there can be told again", () => {
  const starts = fc.constantFrom("=", "+", "-", "@", "\t", "\r", "＝", " =", '"=', "'", "");
  fc.assert(
    fc.property(starts, fc.string(), (start, rest) => {
      const cell = csvText(start + rest);
      const plain = cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
      expect(plain).not.toMatch(/^[\s"]*[=+\-@\t\r＝]/);
      expect(plain.startsWith("'") ? plain.slice(1) : plain).toBe(start + rest);
    }),
  );
});
