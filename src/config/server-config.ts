import { z } from "zod";

const filePath = z.string().min(1).max(4_096);
const roleName = z.string().min(1).max(120);

const roles = z
  .strictObject({
    viewer: roleName.default("Viewer"),
    operator: roleName.default("Operator"),
    auditor: roleName.default("Auditor"),
  })
  .prefault({})
  .meta({ description: "Names of the app roles in the tokens' `roles`." });

const openId = (secret: z.ZodString) =>
  z
    .strictObject({
      tenant: z
        .string()
        .regex(/^[\w.-]{1,200}$/)
        .optional()
        .meta({ description: "Entra tenant id; issuer and keys follow from it." }),
      issuer: z.url().optional().meta({ description: "Issuer of another provider, exactly as in its tokens." }),
      jwksUri: z.url().optional().meta({ description: "Where that provider publishes its keys." }),
      clientId: z.string().min(1).max(200).meta({ description: "Application id of Scopetrail at the provider." }),
      audience: z
        .string()
        .min(1)
        .max(400)
        .optional()
        .meta({ description: "`aud` of access tokens; the client id without it." }),
      clientSecret: secret.optional().meta({
        description: "Reference to the client secret, where the application is a confidential one.",
      }),
      browser: z
        .boolean()
        .default(true)
        .meta({ description: "Whether people sign in with a browser; needs publicUrl." }),
      roles,
    })
    .refine(
      ({ tenant, issuer, jwksUri }) => (tenant === undefined) === (issuer !== undefined && jwksUri !== undefined),
      {
        message: "give either tenant, or issuer and jwksUri",
        path: ["tenant"],
      },
    );

const token = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "lower-case letters, digits and hyphens, at most 40")
    .meta({ description: "Who it is for; stands beside what it decides." }),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "64 hexadecimal digits; scopetrail config token makes a token and this")
    .meta({ description: "SHA-256 of the token; the token itself is nowhere in the configuration." }),
  roles: z
    .array(z.enum(["viewer", "operator", "auditor"]))
    .min(1)
    .meta({ description: "What it may do." }),
  expires: z.iso.datetime({ offset: true }).optional().meta({ description: "Until then; for good without it." }),
});

/** The `server` part of the configuration: where the dashboard answers, and whom. */
export const serverConfig = (secret: z.ZodString) =>
  z.strictObject({
    host: z
      .string()
      .regex(/^[\w.:-]{1,253}$/)
      .default("127.0.0.1")
      .meta({
        description:
          "Address that the dashboard listens on. Anything but loopback needs `auth`, and `tls` or `behindProxy`.",
      }),
    port: z.int().min(0).max(65_535).default(7_433).meta({ description: "Port of the dashboard; 0 takes a free one." }),
    tls: z
      .strictObject({
        cert: filePath.meta({ description: "PEM file of the certificate and its chain." }),
        key: filePath.meta({ description: "PEM file of the private key." }),
      })
      .optional()
      .meta({ description: "Serve https." }),
    behindProxy: z.boolean().default(false).meta({
      description: "A proxy before it speaks https with everybody, and nobody reaches this address but by it.",
    }),
    hosts: z
      .array(z.string().regex(/^[\w.:[\]-]{1,260}$/))
      .max(50)
      .default([])
      .meta({ description: "Further `Host` names that are answered, with their port where it is not the usual one." }),
    mcp: z
      .boolean()
      .default(false)
      .meta({ description: "Let assistant programs read findings by the Model Context Protocol at `/mcp`." }),
    auth: z
      .strictObject({
        openId: openId(secret).optional().meta({ description: "An OpenID provider, for instance Entra." }),
        tokens: z.array(token).max(1_000).default([]).meta({ description: "Tokens of programs." }),
        pseudonymKey: secret.optional().meta({
          description:
            "Reference to the key of the pseudonyms that viewers are shown, at least 32 characters; without it one is made beside the state. Needed with `standby`, as machines would give others.",
        }),
      })
      .optional()
      .meta({ description: "Who may use the dashboard and the API; without it everybody on this machine." }),
  });

type ServerConfig = z.infer<ReturnType<typeof serverConfig>>;

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|::1)$/;

export const isLoopback = (host: string): boolean => LOOPBACK.test(host);

/** What keeps the dashboard from being served as configured, a sentence each. */
export function serverFaults(server: ServerConfig, publicUrl: string | undefined): readonly string[] {
  const { host, auth, tls, behindProxy } = server;
  const faults: string[] = [];
  const hasAuth = auth !== undefined && (auth.openId !== undefined || auth.tokens.length > 0);
  if (!isLoopback(host) && !hasAuth)
    faults.push(
      `server.host: ${host} is no loopback address: everybody who reaches it could read everything. Set server.auth.`,
    );
  if (!isLoopback(host) && tls === undefined && !behindProxy)
    faults.push(
      `server.host: ${host} is no loopback address, and tokens would be sent in the clear. Set server.tls, or server.behindProxy where a proxy speaks https.`,
    );
  if (auth !== undefined && !hasAuth)
    faults.push("server.auth: names neither openId nor tokens, so nobody could come in.");
  if (auth?.openId?.browser === true && publicUrl === undefined)
    faults.push("server.auth.openId: a sign-in comes back to publicUrl, which is not set. Set it, or browser: false.");
  return faults;
}
