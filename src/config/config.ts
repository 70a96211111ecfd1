import { z } from "zod";
import { SILENCE_LABELS } from "../findings/silences.ts";
import { parseJoinPath } from "../normalize/join-path.ts";
import { serverConfig } from "./server-config.ts";
import { Exports } from "./export-config.ts";
import { name, secret } from "./fields.ts";
import { container, eitherAccount, Sources } from "./source-config.ts";

const target = {
  name,
  url: secret.meta({ description: "Reference to the target's address; the address is a secret." }),
  allowPrivate: z.boolean().default(false).meta({ description: "Allow loopback and private addresses, and http." }),
};

const Targets = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("webhook"),
    ...target,
    secrets: z
      .array(secret)
      .min(1)
      .meta({ description: "References to `whsec_…` secrets of Standard Webhooks; several while one is replaced." }),
    heartbeatSeconds: z.int().min(1).max(86_400).optional().meta({
      description: "Also tell it so often that all is well, with the ledger's totals: its silence is the alarm.",
    }),
  }),
  z.strictObject({ type: z.literal("slack"), ...target }),
  z.strictObject({ type: z.literal("teams"), ...target }),
  z.strictObject({
    type: z.literal("pagerduty"),
    name,
    allowPrivate: target.allowPrivate,
    routingKey: secret.meta({ description: "Reference to the integration key of an Events API v2 integration." }),
    endpoint: z
      .url({ protocol: /^https?$/ })
      .default("https://events.pagerduty.com/v2/enqueue")
      .meta({
        description: "The Events API v2 of your region; `https://events.eu.pagerduty.com/v2/enqueue` in the EU.",
      }),
  }),
  z.strictObject({
    type: z.literal("alertmanager"),
    ...target,
    mode: z.enum(["webhook", "api"]).default("webhook").meta({
      description:
        "`webhook` sends the body of Alertmanager's webhooks, version 4; `api` pushes to an Alertmanager's `/api/v2/alerts`.",
    }),
  }),
]);

/** The configuration of `serve`; its descriptions are the manual. */
export const ConfigSchema = z.strictObject({
  sources: z.array(Sources).min(1).meta({ description: "Where logs come from." }),
  state: z
    .string()
    .min(1)
    .default(".scopetrail/state.db")
    .meta({ description: "SQLite file of the durable state; on a local disk." }),
  standby: z
    .strictObject({
      ...container,
      copySeconds: z.int().min(1).max(3_600).default(30).meta({
        description:
          "Seconds between two copies of the state; what came since is read again by the machine that takes over.",
      }),
    })
    .refine(...eitherAccount)
    .optional()
    .meta({
      description:
        "A container that several machines with this configuration share, and nothing else: one has the lease and analyzes, the others stand by and take over with its state. Owner levels of `event-hubs` sources rise with each takeover then, from the one that they say.",
    }),
  retention: z
    .int()
    .min(1)
    .max(3_650)
    .default(400)
    .meta({ description: "Days that calls are kept, beside the state (`<state>.calls`)." }),
  lateness: z.int().min(1).max(3_600).default(120).meta({
    description: "Seconds of event time to wait for stragglers at least; more where a log was measured to be slower.",
  }),
  longestDelay: z.int().min(1).max(7_200).default(900).meta({
    description:
      "Seconds between an event and its arrival at the hub, at most, that a slow log is waited for. What the prompt log tells is told meanwhile.",
  }),
  joinProbability: z.number().min(0.5).max(1).default(0.9).meta({
    description:
      "How sure a join has to be where no id joins a gateway request and a Cosmos DB operation: of times, statuses and kinds of both. Less sure ones stay apart; findings rest on none.",
  }),
  joinBy: z
    .string()
    .transform((text, context) => {
      const path = parseJoinPath(text);
      if (path !== undefined) return path;
      context.addIssue('must name a field, or headers and one of them such as "requestHeaders.x-correlation-id"');
      return z.NEVER;
    })
    .optional()
    .meta({
      description:
        "Where the gateway's records hold an id of your own that the backend also gives to Cosmos DB as the activity id, for instance `requestHeaders.x-correlation-id` or `requestHeaders.traceparent`. Name only an id that your gateway sets: one that callers choose joins what they like.",
    }),
  server: serverConfig(secret).prefault({}).meta({ description: "The dashboard." }),
  silences: z
    .array(
      z.strictObject({
        matchers: z
          .partialRecord(z.enum(SILENCE_LABELS), z.string().min(1).max(300))
          .refine((matchers) => Object.keys(matchers).length > 0, "name at least one label")
          .meta({
            description: "Labels that a finding must all have: cause, severity, api, account, principal, layer, kind.",
          }),
        comment: z.string().min(3).max(500).meta({ description: "Why; it stands beside the muted finding." }),
        startsAt: z.iso.datetime({ offset: true }).optional().meta({ description: "From then on; always without it." }),
        endsAt: z.iso.datetime({ offset: true }).optional().meta({ description: "Until then; for good without it." }),
      }),
    )
    .max(1_000)
    .default([])
    .meta({ description: "Findings that nobody is told of; they stay on the dashboard as muted." }),
  targets: z.array(Targets).default([]).meta({ description: "Whom to tell about findings." }),
  exports: z
    .array(Exports)
    .max(20)
    .default([])
    .meta({ description: "Evidence that is written by itself: an export a day and a digest an hour." }),
  accounts: z
    .array(
      z
        .string()
        .regex(
          /^\/subscriptions\/[^/?#]{1,64}\/resourcegroups\/[^/?#]{1,128}\/providers\/microsoft\.documentdb\/databaseaccounts\/[a-z0-9-]{3,50}$/i,
          "an ARM id of a Cosmos DB account, as `az cosmosdb show --query id` prints it",
        ),
    )
    .max(1_000)
    .default([])
    .meta({
      description:
        "ARM ids of Cosmos DB accounts whose roles are read, as DefaultAzureCredential, at the start and every 15 minutes; needs Reader there.",
    }),
  exceptions: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "YAML or JSON file of grants that somebody answers for; read at the start." }),
  publicUrl: z
    .url({ protocol: /^https?$/, error: "an address with http or https, for instance https://scopetrail.contoso.com" })
    .optional()
    .meta({ description: "Address of the dashboard in alerts." }),
  azure: z
    .strictObject({
      workspace: z
        .string()
        .regex(
          /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/[^?#]+$/i,
          "a resource id: /subscriptions/…/workspaces/…",
        )
        .meta({ description: 'Resource id of the Log Analytics workspace that "Open in Azure" queries.' }),
      tenant: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .meta({ description: "Tenant id or domain for links into the portal." }),
      portal: z
        .url({ protocol: /^https$/ })
        .default("https://portal.azure.com")
        .meta({ description: "Portal of your cloud, for instance `https://portal.azure.us`." }),
    })
    .optional()
    .meta({ description: "Where the logs lie in Azure, for links." }),
  logLevel: z
    .enum(["error", "warn", "info", "debug"])
    .default("info")
    .meta({ description: "Least severe level that is logged." }),
});

export type Config = z.infer<typeof ConfigSchema>;
export type SourceConfig = Config["sources"][number];
export type ExportConfig = Config["exports"][number];
export type TargetConfig = Config["targets"][number];
