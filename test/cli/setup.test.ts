import { execFile } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { temporaryFolder, type TemporaryFolder } from "../temporary-folder.ts";
import { scopetrail } from "./running.ts";

const GOOD = (port: number) => `
sources: [{ type: files, name: logs, paths: [logs] }]
state: state/state.db
targets:
  - { type: slack, name: sre, url: "env:SLACK", allowPrivate: true }
  - { type: teams, name: gone, url: "env:GONE", allowPrivate: true }
server: { port: ${port} }
`;
const BAD = `
sources: [{ type: files, name: logs, paths: [] }]
lateness: never
colour: red
`;

let folder: TemporaryFolder;
let target: Server;
let answer = 200;
let env: NodeJS.ProcessEnv;
const received: string[] = [];
const path = (name: string) => join(folder.path, name);

beforeAll(async () => {
  target = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => (body += text));
    request.on("end", () => {
      received.push(body);
      response.writeHead(answer).end();
    });
  });
  target.listen(0, "127.0.0.1");
  await once(target, "listening");
  const url = `http://127.0.0.1:${(target.address() as AddressInfo).port}/SECRETPATH`;
  folder = await temporaryFolder({ "good.yml": GOOD(0), "bad.yml": BAD, "logs/a.json": "{}\n" });
  env = { SLACK: url, GONE: url, PORT: "" };
});
afterAll(async () => {
  target.closeAllConnections();
  target.close();
  await folder[Symbol.asyncDispose]();
});

describe("config", () => {
  test("check says every fault, each on a line", async () => {
    const [bad, good] = await Promise.all([
      scopetrail(["config", "check", "--config", path("bad.yml")]),
      scopetrail(["config", "check", "--config", path("good.yml")]),
    ]);
    expect(bad).toMatchObject({ status: 2, stdout: "" });
    for (const word of ["paths", "lateness", "colour"]) expect(bad.stderr).toContain(word);
    expect(bad.stderr.trimEnd().split("\n")).toHaveLength(3);
    expect(good.status).toBe(0);
  });

  test("print fills in what is not told, and never a secret's value", async () => {
    const run = await scopetrail(["config", "print", "--config", path("good.yml")], env);
    const printed = JSON.parse(run.stdout) as Record<string, unknown>;
    expect(printed).toMatchObject({
      lateness: 120,
      logLevel: "info",
      targets: [{ url: "env:SLACK" }, { url: "env:GONE" }],
    });
    expect(run.stdout).not.toContain("SECRETPATH");
  });

  test("schema takes what check takes", async () => {
    const run = await scopetrail(["config", "schema"]);
    const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(JSON.parse(run.stdout) as object);
    expect(validate(parse(GOOD(0)))).toBe(true);
    expect(validate(parse(BAD))).toBe(false);
  });
});

describe("alerts test", () => {
  const run = (...args: string[]) => scopetrail(["alerts", "test", ...args, "--config", path("good.yml")], env);

  test("sends a test, and says what came of it without the address", async () => {
    answer = 200;
    const ended = await run("sre");
    expect(ended).toMatchObject({ status: 0, stdout: "" });
    expect(ended.stderr).toMatch(/sre: answered 200 · \d+ bytes · \d+ ms/);
    expect(received.at(-1)).toContain("This is a test of Scopetrail");
  });

  test("a 202 of Teams is not taken for a card", async () => {
    answer = 202;
    expect((await run("gone")).stderr).toContain("look in the channel");
  });

  test.each([
    [404, 2],
    [503, 4],
  ])("an answer of %i is exit code %i", async (status, code) => {
    answer = status;
    const ended = await run("sre");
    expect(ended.status).toBe(code);
    expect(ended.stderr).not.toContain("SECRETPATH");
  });

  test("a dry run sends nothing; an unknown target is told with those there are", async () => {
    const before = received.length;
    const [dry, unknown] = await Promise.all([run("sre", "--dry-run"), run("nobody")]);
    expect(JSON.parse(dry.stdout)).toHaveProperty("blocks");
    expect(received).toHaveLength(before);
    expect(unknown.status).toBe(2);
    expect(unknown.stderr).toContain("sre, gone");
  });
});

describe("doctor", () => {
  const cases = [
    {
      name: "nothing is wrong",
      file: "good.yml",
      over: {},
      status: 0,
      states: ["configuration ok", "source logs ok", "target sre ok"],
    },
    { name: "a secret is missing", file: "good.yml", over: { SLACK: "" }, status: 2, states: ["target fault"] },
    { name: "the configuration has faults", file: "bad.yml", over: {}, status: 2, states: ["configuration fault"] },
    { name: "files are not there", file: "absent.yml", over: {}, status: 2, states: ["source logs fault"] },
    { name: "the state has no place", file: "state.yml", over: {}, status: 2, states: ["state fault"] },
  ];
  beforeAll(async () => {
    const { writeFile } = await import("node:fs/promises");
    await writeFile(path("absent.yml"), GOOD(0).replace("paths: [logs]", "paths: [/nowhere/at/all]"));
    await writeFile(
      path("state.yml"),
      GOOD(0)
        .replace("state/state.db", `${path("bad.yml")}/state.db`)
        .replace("[logs]", `["${path("logs")}"]`),
    );
    await writeFile(
      path("good.yml"),
      GOOD(0)
        .replace("[logs]", `["${path("logs")}"]`)
        .replace("state/", `${path("state")}/`),
    );
  });
  test.each(cases)("$name", async ({ file, over, status, states }) => {
    const ended = await scopetrail(["doctor", "--json", "--config", path(file)], { ...env, ...over });
    const { checks } = JSON.parse(ended.stdout) as { checks: { name: string; state: string }[] };
    const seen = checks.map(({ name, state }) => `${name} ${state}`);
    for (const one of states) expect(seen).toContain(one);
    expect(ended.status).toBe(status);
    expect(ended.stdout).not.toContain("SECRETPATH");
  });
});

describe("completion", () => {
  const complete = async (words: readonly string[]): Promise<readonly string[]> => {
    const { stdout } = await scopetrail(["completion", "bash"]);
    const script = `${stdout}\nCOMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")}); COMP_CWORD=${words.length - 1}; _scopetrail; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const run = await promisify(execFile)("bash", ["--norc", "-c", script], { cwd: folder.path });
    return run.stdout.trimEnd().split("\n");
  };

  test.each([
    { words: ["scopetrail", "fin"], to: ["findings"] },
    { words: ["scopetrail", "findings", ""], to: ["list", "show", "ack", "mute", "unmute"] },
    { words: ["scopetrail", "findings", "mute", "F-X", "--sc"], to: ["--scope"] },
    { words: ["scopetrail", "completion", "f"], to: ["fish"] },
    { words: ["scopetrail", "analyze", "goo"], to: ["good.yml"] },
  ])("$words leads to $to", async ({ words, to }) => {
    expect(await complete(words)).toEqual(to);
  });

  test("fish and zsh know every command", async () => {
    const [fish, zsh] = await Promise.all([scopetrail(["completion", "fish"]), scopetrail(["completion", "zsh"])]);
    for (const line of fish.stdout.trimEnd().split("\n"))
      expect(line).toMatch(/^complete -c scopetrail -n '(?:[^'\\]|\\.)*' (?:-a|-l) [\w-]+(?: -d '(?:[^'\\]|\\.)*')?$/);
    expect(fish.stdout).toContain("-a mute");
    expect(zsh.stdout).toMatch(/^#compdef scopetrail\n/);
    expect(zsh.stdout).toContain("unmute");
  });
});
