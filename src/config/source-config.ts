import { z } from "zod";
import { TABLES } from "../sources/query-text.ts";
import { name, secret } from "./fields.ts";

const START = "earliest, latest, checkpoint or a time such as 2026-11-25T12:00:00Z";
const guid = z.guid("a GUID such as 11111111-1111-1111-1111-111111111111");

export const credential = z
  .discriminatedUnion("type", [
    z.strictObject({ type: z.literal("default") }),
    z.strictObject({
      type: z.literal("managed-identity"),
      clientId: guid.optional().meta({ description: "Of a user-assigned identity; without it the host's own." }),
    }),
    z.strictObject({
      type: z.literal("workload-identity"),
      clientId: guid.optional().meta({ description: "Instead of `AZURE_CLIENT_ID`." }),
      tenantId: guid.optional().meta({ description: "Instead of `AZURE_TENANT_ID`." }),
      tokenFile: z.string().min(1).optional().meta({ description: "Instead of `AZURE_FEDERATED_TOKEN_FILE`." }),
    }),
    z.strictObject({
      type: z.literal("client-certificate"),
      tenantId: guid.meta({ description: "Tenant of the application." }),
      clientId: guid.meta({ description: "Id of the application." }),
      certificate: z
        .string()
        .min(1)
        .meta({ description: "PEM file with the certificate and its private key; readable by this process only." }),
    }),
    z.strictObject({
      type: z.literal("cli"),
      tenantId: guid.optional().meta({ description: "Tenant to sign in to, where az login knows several." }),
    }),
  ])
  .default({ type: "default" })
  .meta({
    description:
      "How to sign in: `default` (DefaultAzureCredential), `managed-identity`, `workload-identity`, `client-certificate` or `cli`.",
  });

export const cloud = z
  .enum(["public", "us-government", "china"])
  .optional()
  .meta({ description: "Azure cloud to sign in to; `AZURE_AUTHORITY_HOST` or the public one without it." });

/** Where blobs are, and how to sign in there. */
export const container = {
  connectionString: secret.optional().meta({ description: "Reference to a connection string of the account." }),
  account: z
    .url({ protocol: /^https$/, error: "an https address such as https://contoso.blob.core.windows.net" })
    .optional()
    .meta({ description: "Address of the account's blobs; signs in with `credential`, which writes blobs there." }),
  credential,
  cloud,
  container: z
    .string()
    .regex(/^[a-z0-9](?:-?[a-z0-9]){2,62}$/, "3 to 63 lower-case letters, digits and hyphens")
    .meta({ description: "Container, which is there already." }),
};

interface Account {
  readonly connectionString?: string | undefined;
  readonly account?: string | undefined;
}

/** For `refine`: one way to the account, not two. */
export const eitherAccount = [
  ({ connectionString, account }: Account): boolean => (connectionString === undefined) !== (account === undefined),
  { message: "give either connectionString or account", path: ["connectionString"] },
] as [(of: Account) => boolean, { message: string; path: string[] }];

const eventHubs = z
  .strictObject({
    type: z.literal("event-hubs"),
    name,
    connectionString: secret
      .optional()
      .meta({ description: "Reference to a connection string (`EntityPath` may be inside)." }),
    namespace: z.string().min(1).optional().meta({
      description: "Fully qualified namespace, for instance `logs.servicebus.windows.net`; signs in with `credential`.",
    }),
    credential,
    cloud,
    eventHub: z
      .string()
      .min(1)
      .optional()
      .meta({ description: "Name of the event hub, unless the connection string has it." }),
    consumerGroup: z
      .string()
      .min(1)
      .default("$Default")
      .meta({ description: "Consumer group; give Scopetrail one of its own." }),
    startAt: z
      .union([z.enum(["earliest", "latest", "checkpoint"]), z.iso.datetime({ offset: true, error: START })])
      .default("earliest")
      .meta({
        description:
          "Where a partition without a checkpoint begins: `earliest`, `latest` or a time; with `checkpoint`, a state without any is refused.",
      }),
    checkpoints: z
      .strictObject(container)
      .refine(...eitherAccount)
      .optional()
      .meta({
        description:
          "Blobs that follow what was committed, as Azure's own clients keep them: for other tools, and for `startAt: checkpoint` on a machine without a state.",
      }),
    ownerLevel: z
      .int()
      .nonnegative()
      .optional()
      .meta({ description: "Owner level (epoch); a later reader with the same or a higher one takes over." }),
  })
  .refine((source) => (source.connectionString === undefined) !== (source.namespace === undefined), {
    message: "give either connectionString or namespace",
    path: ["connectionString"],
  })
  .refine((source) => source.namespace === undefined || source.eventHub !== undefined, {
    message: "namespace needs eventHub",
    path: ["eventHub"],
  });

/** Of Log Analytics, without the legacy table: it holds every service's rows. */
const USUAL_TABLES = TABLES.filter((table) => table !== "AzureDiagnostics");

const logAnalytics = z.strictObject({
  type: z.literal("log-analytics"),
  name,
  workspaceId: guid.meta({ description: "The workspace's ID, as its overview in the portal shows it." }),
  credential,
  cloud,
  endpoint: z
    .url({ protocol: /^https$/, error: "an https address without a path" })
    .optional()
    .meta({
      description:
        "Query interface of another cloud: `https://api.loganalytics.us` or `https://api.loganalytics.azure.cn`.",
    }),
  tables: z
    .array(z.enum(TABLES))
    .min(1)
    .default(USUAL_TABLES)
    .meta({ description: "Tables to read; one that is not there yet is looked for at each poll." }),
  startAt: z
    .union([
      z.literal("latest"),
      z.iso.datetime({ offset: true, error: "latest or a time such as 2026-11-25T12:00:00Z" }),
    ])
    .default("latest")
    .meta({
      description: "Time of ingestion at which a table without a checkpoint begins; older rows are for `backfill`.",
    }),
  safetySeconds: z
    .int()
    .min(0)
    .max(3_600)
    .default(120)
    .meta({ description: "Rows that came in later than this long ago are left for the next poll." }),
  overlapMinutes: z
    .int()
    .min(0)
    .max(1_440)
    .default(30)
    .meta({ description: "How long after an hour's end rows of it may still appear; only then its count is final." }),
  pollSeconds: z.int().min(1).max(3_600).default(60).meta({ description: "Between two polls." }),
});

const files = z.strictObject({
  type: z.literal("files"),
  name,
  paths: z.array(z.string().min(1)).min(1).meta({ description: "Files and folders, read once to their ends." }),
});

const simulated = z.strictObject({
  type: z.literal("simulated"),
  name,
  seed: z.int().nonnegative().default(8).meta({ description: "Seed of the simulated tenant." }),
});

export const Sources = z.discriminatedUnion("type", [eventHubs, logAnalytics, files, simulated]);
