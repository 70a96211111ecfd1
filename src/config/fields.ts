import { z } from "zod";

/** Where a secret is; never the secret itself. */
export const secret = z
  .string()
  .regex(
    /^(?:env:[A-Za-z_]\w{0,127}|file:.{1,4096})$/,
    "a reference such as env:NAME or file:/path, never the secret itself",
  )
  .meta({ description: "Where the secret is: `env:NAME` or `file:/path`." });

export const name = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]{0,39}$/, "lower-case letters, digits and hyphens, at most 40")
  .meta({ description: "Its name in positions, logs and metrics." });
