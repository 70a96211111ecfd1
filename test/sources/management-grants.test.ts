import { describe, expect, test } from "vitest";
import { azureRoleGrants, managementGrants } from "../../src/sources/management-grants.ts";
import { SourceError } from "../../src/sources/source-error.ts";
import { type Management, startManagement, TOKEN, type Trouble } from "../emulators/management.ts";

const ACCOUNT = "/subscriptions/s1/resourceGroups/g/providers/Microsoft.DocumentDB/databaseAccounts/shop";
const ids = (count: number) => Array.from({ length: count }, (_, i) => ({ id: `${ACCOUNT}/x/${i}` }));
const LISTS = { sqlRoleDefinitions: ids(3), sqlRoleAssignments: ids(5) };
const credential = { getToken: () => Promise.resolve({ token: TOKEN, expiresOnTimestamp: 4_102_444_800_000 }) };

function grantsAt(management: Management, over: Partial<Parameters<typeof managementGrants>[0]> = {}) {
  const waits: number[] = [];
  const wait = (ms: number): Promise<void> => {
    waits.push(ms);
    return Promise.resolve();
  };
  const grants = managementGrants({ account: ACCOUNT, endpoint: management.endpoint, credential, wait, ...over });
  return { waits, read: (signal = new AbortController().signal) => grants.read(signal) };
}

async function faultOf(reading: Promise<unknown>): Promise<SourceError> {
  const error: unknown = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof SourceError)) throw new Error("no SourceError", { cause: error });
  return error;
}

const times = (count: number, trouble: Trouble): Trouble[] => Array.from({ length: count }, () => trouble);

describe("roles from the management interface", () => {
  test("come whole over several pages, definitions first", async () => {
    await using management = await startManagement(LISTS);
    const records = await grantsAt(management).read();
    expect(records.map(({ value }) => value)).toEqual([...LISTS.sqlRoleDefinitions, ...LISTS.sqlRoleAssignments]);
    expect(management.requests).toHaveLength(2 + 3);
    expect(management.requests.every(({ path }) => path.includes("api-version=2024-11-15"))).toBe(true);
  });

  test("a throttled request waits as long as it is told, and is made again", async () => {
    await using management = await startManagement(LISTS);
    management.troubles.push(
      { status: 429, headers: { "retry-after": "7" } },
      { status: 503 },
      { status: 429, headers: { "retry-after": "99999" } },
    );
    const { waits, read } = grantsAt(management);
    expect(await read()).toHaveLength(8);
    expect(waits).toEqual([7_000, 2_000, 60_000]);
  });

  test("an end to throttling that does not come is told, and nothing is told of the half that came", async () => {
    await using management = await startManagement(LISTS);
    management.troubles.push(...times(50, { status: 429 }));
    const { read } = grantsAt(management);
    expect(await faultOf(read())).toMatchObject({ kind: "unreachable" });
    expect(management.requests).toHaveLength(6);
  });

  const refusals = [
    { name: "no right", trouble: { status: 403 }, kind: "refused", says: /role Reader/ },
    { name: "no such account", trouble: { status: 404 }, kind: "config", says: /ARM id/ },
    {
      name: "an answer that is no JSON",
      trouble: { status: 200, body: "<html>" },
      kind: "unreachable",
      says: /no JSON/,
    },
    { name: "an answer of another kind", trouble: { status: 200, body: "[]" }, kind: "unreachable", says: /no list/ },
    {
      name: "a redirect",
      trouble: { status: 302, headers: { location: "http://127.0.0.1:1/" } },
      kind: "unreachable",
      says: /does not answer/,
    },
    { name: "a request that is wrong", trouble: { status: 400 }, kind: "config", says: /answered 400/ },
  ];
  test.each(refusals)("$name is told at once", async ({ trouble, kind, says }) => {
    await using management = await startManagement(LISTS);
    management.troubles.push(trouble);
    const fault = await faultOf(grantsAt(management).read());
    expect(fault.kind).toBe(kind);
    expect(fault.message).toMatch(says);
    expect(management.requests).toHaveLength(1);
    expect(fault.message).not.toContain(TOKEN);
  });

  test("the token follows no page to another address", async () => {
    await using other = await startManagement(LISTS);
    await using management = await startManagement(LISTS, { nextOrigin: other.endpoint });
    expect((await faultOf(grantsAt(management).read())).message).toContain("another address");
    expect(other.requests).toEqual([]);
  });

  test("a credential that fails is a refusal with its cause", async () => {
    await using management = await startManagement(LISTS);
    const cause = new Error("CredentialUnavailableError");
    const fault = await faultOf(grantsAt(management, { credential: { getToken: () => Promise.reject(cause) } }).read());
    expect(fault).toMatchObject({ kind: "refused", cause });
    expect(management.requests).toEqual([]);
  });

  test("nobody there is unreachable", async () => {
    const { endpoint } = await (async () => {
      await using management = await startManagement(LISTS);
      return management;
    })();
    const grants = managementGrants({ account: ACCOUNT, endpoint, credential });
    expect((await faultOf(grants.read(new AbortController().signal))).kind).toBe("unreachable");
  });

  test("what is no account is not asked for", async () => {
    await using management = await startManagement(LISTS);
    const { read } = grantsAt(management, { account: `${ACCOUNT}/../../x?` });
    expect((await faultOf(read())).kind).toBe("config");
    expect(management.requests).toEqual([]);
  });

  test("stops when it is told to", async () => {
    await using management = await startManagement(LISTS);
    management.troubles.push({ status: 429 });
    const stop = new AbortController();
    const wait = (): Promise<void> => {
      stop.abort(new Error("stopped"));
      return Promise.resolve();
    };
    await expect(grantsAt(management, { wait }).read(stop.signal)).rejects.toThrow("stopped");
  });
});

describe("Azure's own roles from the management interface", () => {
  const role = (id: string): object => ({ id: `/x/providers/Microsoft.Authorization/roleDefinitions/${id}` });
  const held = (id: string, of: string): object => ({
    id: `/providers/Microsoft.Authorization/roleAssignments/${id}`,
    properties: { roleDefinitionId: `/providers/Microsoft.Authorization/roleDefinitions/${of.toUpperCase()}` },
  });
  const AZURE = {
    roleDefinitions: ["r1", "r2", "r3", "r4", "r5"].map(role),
    roleAssignments: [held("a1", "r2"), held("a2", "r5"), held("a3", "r2")],
  };
  const azureAt = (management: Management, wait: (ms: number) => Promise<void> = () => Promise.resolve()) =>
    azureRoleGrants({ account: ACCOUNT, endpoint: management.endpoint, credential, wait }).read(
      new AbortController().signal,
    );

  test("come whole over several pages, at and above the account, with the definitions that they need", async () => {
    await using management = await startManagement(AZURE);
    const records = await azureAt(management);
    expect(records.map(({ value }) => value)).toEqual([role("r2"), role("r5"), ...AZURE.roleAssignments]);
    const asked = management.requests.map(({ path }) => decodeURIComponent(path));
    expect(asked).toHaveLength(2 + 3);
    expect(asked.slice(0, 2).every((path) => path.startsWith(ACCOUNT) && path.includes("$filter=atScope()"))).toBe(
      true,
    );
    expect(asked.every((path) => path.includes("api-version=2022-04-01"))).toBe(true);
  });

  test("a throttled request waits as long as it is told", async () => {
    await using management = await startManagement(AZURE);
    management.troubles.push({ status: 429, headers: { "retry-after": "7" } });
    const waits: number[] = [];
    await azureAt(management, (ms) => {
      waits.push(ms);
      return Promise.resolve();
    });
    expect(waits).toEqual([7_000]);
  });

  test("no right is a refusal that names the role to give", async () => {
    await using management = await startManagement(AZURE);
    management.troubles.push({ status: 403 });
    const fault = await faultOf(azureAt(management));
    expect(fault).toMatchObject({ kind: "refused" });
    expect(fault.message).toMatch(/role Reader/);
  });
});
