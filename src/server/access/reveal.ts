import type { Context } from "hono";
import { hiddenView } from "../hidden-view.ts";
import type { Screen, View } from "../view.ts";
import { type AccessOptions, seesNames, whoAsks } from "./access.ts";
import { PSEUDONYM, type Pseudonyms } from "./pseudonyms.ts";
import { may, type Who } from "./who.ts";

/** What somebody is shown: with names, or with pseudonyms in their place. */
export function viewsOf(view: View, access: AccessOptions | undefined): (context: Context) => View {
  if (access === undefined) return () => view;
  const hidden = hiddenView(view, access.pseudonyms);
  return (context) => (seesNames(whoAsks(context)) ? view : hidden);
}

/** For an auditor, the way from a pseudonym to its name: on record before it is told, found or not. */
export function revealOf(view: View, { pseudonyms, log }: AccessOptions, who: Who): Screen["reveal"] {
  if (!may(who, "auditor")) return undefined;
  return (pseudonym, reason) => {
    const name = nameOf(view, pseudonym, pseudonyms);
    log({ who: who.name, what: "reveal", of: pseudonym, reason, found: name !== undefined });
    return name;
  };
}

function nameOf(view: View, pseudonym: string, names: Pseudonyms): string | undefined {
  if (!PSEUDONYM.test(pseudonym)) return undefined;
  for (const name of view.identities()) if (names.of(name) === pseudonym) return name;
  return undefined;
}
