import { z } from "zod";
import { PSEUDONYM } from "../access/pseudonyms.ts";
import { one } from "./answers.ts";
import { missing, type Route, type ScreenOf } from "./route.ts";
import { reason } from "./schemas.ts";

const pseudonym = z.string().regex(PSEUDONYM).meta({ description: "As viewers are shown it." });
const RevealSchema = z.strictObject({ pseudonym, name: z.string() });

/** Who is behind a pseudonym. */
export const revealRoutes = (screen: ScreenOf): readonly Route[] => [
  {
    method: "post",
    path: "/api/v1/reveals",
    id: "reveal",
    summary: "The name behind a pseudonym, for auditors; each asking is kept on record with its reason.",
    body: z.strictObject({ pseudonym, reason }),
    answer: RevealSchema,
    faults: [403, 404],
    handle: (asked) => {
      const { reveal } = screen(asked);
      if (reveal === undefined)
        return { kind: "fault", status: 403, says: "Everybody here sees names, or this needs the role auditor." };
      const wanted = String(asked.body["pseudonym"]);
      const name = reveal(wanted, String(asked.body["reason"]));
      return name === undefined ? missing : one({ pseudonym: wanted, name });
    },
  },
];
