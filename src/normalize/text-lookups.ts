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
  /** By raw id; an empty text is none. */
  #ids = new Int32Array(0);
  #texts: readonly string[] = [];
  #names: Names | undefined;

  constructor(read: Reader) {
    this.#read = read;
  }

  /** What is looked up from now on is of these texts and names; what is known stays where `isSame`. */
  use(texts: readonly string[], names: Names, isSame: boolean): void {
    this.#texts = texts;
    this.#names = names;
    const known = this.#ids;
    if (isSame && known.length >= texts.length) return;
    this.#ids = known.length >= texts.length ? known : new Int32Array(Math.max(64, 2 * texts.length));
    this.#ids.fill(NOT_READ);
    this.#ids[0] = 0;
    if (isSame) this.#ids.set(known);
  }

  /** The name id of a raw id; 0 for none. */
  of(raw: number): number {
    const known = this.#ids[raw] ?? 0;
    return known === NOT_READ ? this.#learn(raw) : known;
  }

  #learn(raw: number): number {
    if (this.#names === undefined) return 0;
    const id = nameId(this.#names, this.#read(unescaped(this.#texts[raw] ?? "")));
    this.#ids[raw] = id;
    return id;
  }
}

export type Lookups = { readonly [K in keyof typeof READERS]: Lookup };

export const createLookups = (): Lookups => ({
  resource: new Lookup(READERS.resource),
  service: new Lookup(READERS.service),
  account: new Lookup(READERS.account),
  location: new Lookup(READERS.location),
  userAgent: new Lookup(READERS.userAgent),
  address: new Lookup(READERS.address),
  plain: new Lookup(READERS.plain),
  method: new Lookup(READERS.method),
  gatewayHost: new Lookup(READERS.gatewayHost),
  backendHost: new Lookup(READERS.backendHost),
  cosmosHost: new Lookup(READERS.cosmosHost),
  operation: new Lookup(READERS.operation),
  resourceType: new Lookup(READERS.resourceType),
  credential: new Lookup(READERS.credential),
  subject: new Lookup(READERS.subject),
  claim: new Lookup(READERS.claim),
  subjectClaim: new Lookup(READERS.subjectClaim),
  validated: new Lookup(READERS.validated),
  diagnostics: new Lookup(READERS.diagnostics),
});
