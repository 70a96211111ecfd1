import { unescaped } from "../decode/scan/scanner.ts";
import { hostOf } from "../lib/host.ts";
import { nameId, type Names } from "../model/names.ts";
import { claimText } from "./claims.ts";
import { isCosmosHost } from "./cosmos-backend.ts";
import { credentialName, operationName, resourceTypeName } from "./data-plane-requests.ts";
import { hostPart } from "./gateway-logs.ts";
import { resourceName, resourceText } from "./normalized.ts";
import { addressOf, shortText, subjectOf } from "./values.ts";

type Reader = (text: string) => string | undefined;

const NAME = 256;
const name: Reader = (text) => shortText(text, NAME);
const claim: Reader = (text) => claimText(text) || undefined;
const subjectClaim: Reader = (text) => subjectOf(claimText(text) || undefined);
const backendHost: Reader = (text) => hostOf(shortText(text, 2_048) ?? "");
const yes = (is: boolean): string | undefined => (is ? "yes" : undefined);

/** What a column's texts mean: as the general way reads them, once for each text. */
const READERS = {
  resource: resourceText,
  service: (text) => resourceName(resourceText(text)),
  account: (text) => name(text)?.toLowerCase(),
  location: name,
  userAgent: name,
  address: addressOf,
  plain: name,
  method: (text) => shortText(text, 32),
  gatewayHost: hostPart,
  backendHost,
  cosmosHost: (text) => yes(isCosmosHost(backendHost(text) ?? "")),
  operation: operationName,
  resourceType: resourceTypeName,
  credential: credentialName,
  subject: subjectOf,
  claim,
  subjectClaim,
  validated: (text) => yes(claimText(text).toLowerCase() === "validated"),
  diagnostics: (text) => yes(text === "AzureDiagnostics"),
} satisfies Readonly<Record<string, Reader>>;

const NOT_READ = -1;

/** Name ids of a dictionary's texts, as one reader reads them: each once. */
export class Lookup {
  readonly #read: Reader;
  readonly #texts: readonly string[];
  readonly #names: Names;
  /** By raw id; an empty text is none. */
  #ids = new Int32Array(1);

  constructor(read: Reader, texts: readonly string[], names: Names) {
    this.#read = read;
    this.#texts = texts;
    this.#names = names;
  }

  /** Makes room for texts that came since. */
  fit(): void {
    const known = this.#ids;
    if (known.length >= this.#texts.length) return;
    this.#ids = new Int32Array(Math.max(64, 2 * this.#texts.length));
    this.#ids.fill(NOT_READ);
    this.#ids.set(known);
  }

  /** The name id of a raw id; 0 for none. */
  of(raw: number): number {
    const known = this.#ids[raw] ?? 0;
    return known === NOT_READ ? this.#learn(raw) : known;
  }

  #learn(raw: number): number {
    const id = nameId(this.#names, this.#read(unescaped(this.#texts[raw] ?? "")));
    this.#ids[raw] = id;
    return id;
  }
}

export type Lookups = { readonly [K in keyof typeof READERS]: Lookup };

export const createLookups = (texts: readonly string[], names: Names): Lookups => ({
  resource: new Lookup(READERS.resource, texts, names),
  service: new Lookup(READERS.service, texts, names),
  account: new Lookup(READERS.account, texts, names),
  location: new Lookup(READERS.location, texts, names),
  userAgent: new Lookup(READERS.userAgent, texts, names),
  address: new Lookup(READERS.address, texts, names),
  plain: new Lookup(READERS.plain, texts, names),
  method: new Lookup(READERS.method, texts, names),
  gatewayHost: new Lookup(READERS.gatewayHost, texts, names),
  backendHost: new Lookup(READERS.backendHost, texts, names),
  cosmosHost: new Lookup(READERS.cosmosHost, texts, names),
  operation: new Lookup(READERS.operation, texts, names),
  resourceType: new Lookup(READERS.resourceType, texts, names),
  credential: new Lookup(READERS.credential, texts, names),
  subject: new Lookup(READERS.subject, texts, names),
  claim: new Lookup(READERS.claim, texts, names),
  subjectClaim: new Lookup(READERS.subjectClaim, texts, names),
  validated: new Lookup(READERS.validated, texts, names),
  diagnostics: new Lookup(READERS.diagnostics, texts, names),
});
