import type { Manifest } from "./manifest.ts";

const inputText = (conservation: Manifest["conservation"]): string =>
  conservation === null
    ? "kept calls; what became of the records that they were made of is not told here"
    : `${conservation.records} records = ${conservation.accepted} accepted + ${conservation.duplicate} duplicate + ${conservation.filtered} of other categories + ${conservation.rejected} unreadable`;

/** What a bundle is, for the person who opens it. */
export function bundleReadme(manifest: Omit<Manifest, "files" | "signer" | "rotation" | "schema">): string {
  const { scope, conservation, reconciliation, calls, redaction, gaps } = manifest;
  const asked = (["principal", "container", "finding"] as const).flatMap((name) =>
    scope[name] === null ? [] : [`${name} ${scope[name]}`],
  );
  const profile = Object.entries(redaction.profile)
    .map(([kind, how]) => `${kind} ${how}`)
    .join(", ");
  return `Scopetrail evidence, export ${manifest.sequence}, made ${manifest.createdAt} by ${manifest.tool.name} ${manifest.tool.version}
${"=".repeat(78)}

Who called through API Management into Cosmos DB, with which credential, and what happened.

Time      ${scope.from ?? "from the first record"} to ${scope.to ?? "the last record"} (UTC, the end not included)
Asked for ${asked.length === 0 ? "every call" : asked.join(", ")}
Calls     ${calls["exported"] ?? 0} of ${calls["seen"] ?? 0} that were read: ${calls["succeeded"] ?? 0} succeeded, ${calls["refused"] ?? 0} refused for want of
          authorization, ${calls["look-alike"] ?? 0} refused by a limit, ${calls["other"] ?? 0} other
Redaction ${profile}
Input     ${inputText(conservation)}

Is it complete?
  ${reconciliation.cosmosCalls} calls went from the gateway straight to Cosmos DB; of ${reconciliation.notLogged} of them Cosmos DB's log has no record that an id joins.
  ${reconciliation.operationsWithoutCall} operations in Cosmos DB belong by their ids to no call of the gateway. hours.csv has the difference hour by hour.
${gaps.length === 0 ? "  Nothing is known to be missing." : gaps.map((gap) => `  - ${gap}`).join("\n")}
  What Azure never logged (sampling, categories that were not switched on) cannot be in here.

Files
  calls.*         one row a call                 operations.*   one row an operation in Cosmos DB
  dictionary.csv  what each column means         findings.json  what Scopetrail concluded about the calls it read
  principals.csv  who called, and how often      hours.csv      calls and records of the two logs, hour by hour
  calls.kql       the query that repeats this    *.rows         first 8 bytes of each row's hash
  access-review.csv  who holds which roles and uses what of them, with room for a decision; access-review.html to print
  access.csv      who read these calls in Scopetrail, exported them or signed in, each line with the hash of the one before
  verify.mjs      checks this folder             manifest.json  all of the above with hashes; manifest.sig signs it

Check it
  node verify.mjs .            (Node 20 or newer; reads only this folder, opens no connection)
A script that came with the evidence proves nothing by itself: take verify-export.mjs from where you trust it, and compare the
signer's public key with what the sender told you by another way:
  node verify-export.mjs --key PUBLICKEY FOLDER
The folder above holds the exports before and after this one; verifying it shows that none is missing in between. Whether the
newest is there only a copy of its hash kept elsewhere can tell: --anchor SHA256.
`;
}
