import { describe, expect, test } from "vitest";
import { parseConfig } from "../../src/config/load-config.ts";
import { configReference } from "../../src/config/reference.ts";
import { resolveSecret } from "../../src/config/secret.ts";

const GOOD = 'sources: [{ type: event-hubs, name: hub, connectionString: "env:HUB" }]\n';

const faults: { name: string; text: string; says: RegExp[] }[] = [
  { name: "an unknown key", text: `${GOOD}latenes: 5`, says: [/unknown key "latenes".*"lateness"/] },
  { name: "no sources", text: "lateness: 5", says: [/sources/] },
  {
    name: "both ways to reach a hub",
    text: 'sources: [{ type: event-hubs, name: hub, connectionString: "env:HUB", namespace: x.servicebus.windows.net, eventHub: logs }]',
    says: [/either connectionString or namespace/],
  },
  {
    name: "a namespace without a hub",
    text: "sources: [{ type: event-hubs, name: hub, namespace: x.servicebus.windows.net }]",
    says: [/namespace needs eventHub/],
  },
  {
    name: "a secret instead of its reference",
    text: 'sources: [{ type: event-hubs, name: hub, connectionString: "Endpoint=sb://x;SharedAccessKey=TOPSECRET" }]',
    says: [/env:NAME or file/],
  },
  {
    name: "the same name twice",
    text: `sources: [{ type: simulated, name: a }, { type: files, name: a, paths: [x] }]`,
    says: [/"a" is given twice/],
  },
  { name: "a port that is none", text: `${GOOD}server: { port: 99999 }`, says: [/server\.port/] },
  {
    name: "a time that is none",
    text: 'sources: [{ type: event-hubs, name: hub, connectionString: "env:HUB", startAt: yesterday }]',
    says: [/startAt: earliest, latest, checkpoint or a time such as/],
  },
  {
    name: "a kind of source that there is not",
    text: "sources: [{ type: kafka, name: a }]",
    says: [/sources\.0\.type: expected one of event-hubs, log-analytics, files, simulated/],
  },
  {
    name: "a kind of target that there is not",
    text: `${GOOD}targets: [{ type: pager, name: a }]`,
    says: [/targets\.0\.type: expected one of webhook, slack, teams/],
  },
  {
    name: "a key that is missing",
    text: "sources: [{ type: files, name: a }]",
    says: [/sources\.0\.paths: is missing; expected array/],
  },
  {
    name: "a key that belongs elsewhere",
    text: `${GOOD}targets: [{ type: slack, name: a, url: "env:U", secrets: ["env:S"] }]`,
    says: [/targets\.0: unknown key "secrets"\. "secrets" has no meaning here: leave it out/],
  },
  { name: "an address that is none", text: `${GOOD}publicUrl: here`, says: [/publicUrl: an address with http/] },
  { name: "a hostile key", text: `${GOOD}__proto__: { a: 1 }`, says: [/unknown key "__proto__"/] },
  {
    name: "a path that is none",
    text: `${GOOD}joinBy: "requestHeaders..x"`,
    says: [/joinBy.*requestHeaders\.x-correlation-id/],
  },
  { name: "a join that is a coin's toss", text: `${GOOD}joinProbability: 0.49`, says: [/joinProbability.*0\.5/] },
  { name: "not YAML", text: "a: [", says: [/config\.yml/] },
  {
    name: "two faults at once",
    text: "lateness: 0\nlogLevel: loud\nsources: [{ type: simulated, name: a }]",
    says: [/lateness/, /logLevel/],
  },
];

describe("a fault names its path and the way out, and never a secret", () => {
  test.each(faults)("$name", ({ text, says }) => {
    const parsed = parseConfig(text, "config.yml");
    const said = parsed.ok ? [] : parsed.error;
    for (const pattern of says) expect(said.join("\n")).toMatch(pattern);
    expect(said.join("\n")).not.toContain("TOPSECRET");
  });
});

test("a good configuration gets its defaults", () => {
  const parsed = parseConfig(`${GOOD}targets: [{ type: slack, name: sre, url: "env:SLACK" }]`, "config.yml");
  expect(parsed).toMatchObject({
    ok: true,
    value: {
      lateness: 120,
      joinProbability: 0.9,
      server: { port: 7_433 },
      state: ".scopetrail/state.db",
      sources: [{ consumerGroup: "$Default", startAt: "earliest" }],
      targets: [{ allowPrivate: false }],
    },
  });
});

test("secrets come from the environment or a file; a fault names the reference", () => {
  expect(resolveSecret("env:X", { X: "value" })).toEqual({ ok: true, value: "value" });
  expect(resolveSecret("env:X", {})).toEqual({ ok: false, error: "env:X: the environment variable is not set" });
  expect(resolveSecret("file:/nowhere/at/all", {})).toMatchObject({ ok: false });
});

test("the manual is the schema", async () => {
  await expect(configReference()).toMatchFileSnapshot("../../docs/configuration.md");
});
