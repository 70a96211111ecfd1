import { shellQuoted } from "../lib/shell-quote.ts";
import { groupOption } from "./way-down.ts";
import type { Opening } from "./wide-access.ts";

/** APIs of a product that get a command each. */
const SHOWN = 20;
const VERSION = "2022-08-01";

/** What to do about a product or subscription that opens more than is called, and the way back. */
export function adviceOf({ of, used, scope }: Opening): string {
  if (of === "product")
    return "Take the APIs that nobody calls through it out of the product; adding one again is the way back.";
  const back = `the way back is its scope as it is now (${scopeText(scope)})`;
  if (used.length === 0) return "Suspend the subscription; its state active is the way back.";
  return used.length === 1
    ? `Give the subscription the scope of the API that it calls; ${back}.`
    : `Give the subscription a product of the APIs that it calls; ${back}.`;
}

function scopeText(scope: Opening["scope"]): string {
  if (scope.kind === "all") return "/apis";
  return scope.kind === "product" ? `/products/${scope.product}` : `/apis/${scope.api}`;
}

/** Commands of the Azure command line; what is needed comes before what is too much goes. */
export function commandsOf(
  { service, serviceId, of, name, used }: Opening,
  unused: readonly string[],
): readonly string[] {
  const on = `${groupOption({ name: service, id: serviceId })} --service-name ${shellQuoted(service)}`;
  const inProduct = (verb: string, product: string, api: string): string =>
    `az apim product api ${verb} ${on} --product-id ${shellQuoted(product)} --api-id ${shellQuoted(api)}`;
  if (of === "product") return unused.slice(0, SHOWN).map((api) => inProduct("delete", name, api));
  const patch = (properties: object): string =>
    `az rest --method patch --headers ${shellQuoted("If-Match=*")} --url ${shellQuoted(`${serviceId}/subscriptions/${encodeURIComponent(name)}?api-version=${VERSION}`)} --body ${shellQuoted(JSON.stringify({ properties }))}`;
  const [first] = used;
  if (first === undefined) return [patch({ state: "suspended" })];
  if (used.length === 1) return [patch({ scope: `${serviceId}/apis/${first}` })];
  const product = `${name.slice(0, 200)}-apis`;
  return [
    `az apim product create ${on} --product-id ${shellQuoted(product)} --product-name ${shellQuoted(product)} --subscription-required true --approval-required true --state published`,
    ...used.map((api) => inProduct("add", product, api)),
    patch({ scope: `${serviceId}/products/${product}` }),
  ];
}
