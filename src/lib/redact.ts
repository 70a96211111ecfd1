/** Names whose values are secrets, in URLs, headers, connection strings and JSON; compared without case. */
const SECRET_NAMES = [
  "subscription-key",
  "ocp-apim-subscription-key",
  "api-key",
  "apikey",
  "x-api-key",
  "x-functions-key",
  "sig",
  "signature",
  "sharedaccesskey",
  "sharedaccesssignature",
  "accountkey",
  "access_token",
  "id_token",
  "refresh_token",
  "token",
  "client_secret",
  "client_assertion",
  "assertion",
  "password",
  "passwd",
  "pwd",
  "secret",
  "x-ms-client-principal",
];
const WHOLE_NAMES = ["authorization", "proxy-authorization", "cookie", "set-cookie"];

const GONE = "«redacted»";
const VALUE = `[^\\s&;,"'<>«»#\\\\]{1,65536}`;
/** Quotes of JSON, of JSON inside a text, or single ones. */
const QUOTES = `\\\\?["']?`;

/**
 * A secret's name, what leads to its value (`=`, `:`, a list's bracket, or `,"value":` of a list of names and values), and
 * the value. Bounded, without nesting.
 */
function pairPattern(names: readonly string[], value: string): RegExp {
  const longestFirst = names.toSorted((a, b) => b.length - a.length).join("|");
  const mark = `${QUOTES}\\s{0,3}(?:[=:]|,\\s{0,3}${QUOTES}value${QUOTES}\\s{0,3}:)\\s{0,3}\\[?\\s{0,3}${QUOTES}`;
  return new RegExp(`(?<![A-Za-z0-9_])(${longestFirst})(${mark})(${value})`, "gi");
}

const PAIR = pairPattern(SECRET_NAMES, VALUE);
/** The value of these has parts of its own: it ends with the line or the quotes around it. */
const WHOLE = pairPattern(WHOLE_NAMES, `[^\\s"'<>«»\\\\][^"'<>«»\\r\\n\\\\]{0,65535}`);
/** As a header on its line, with quotes in it. */
const HEADER = new RegExp(
  `(?<![A-Za-z0-9_])(${WHOLE_NAMES.join("|")})(\\s{0,3}:\\s{0,3})(?!["'\\\\[«])\\S[^\\r\\n]{0,65535}`,
  "gi",
);
/** `?code=` is a key of Azure Functions or a code of OAuth; `"code": "Forbidden"` is none. */
const CODE = /(?<=[?&;\s]|^)(code)(=)([^\s&;,"'<>«»#\\]{8,8192})/gi;
/** An API Management key behind the word itself: `key 0123456789abcdef0123456789abcdef`. */
const BARE_KEY = /\b(keys?)([^A-Za-z0-9]{1,4})[0-9a-f]{32}(?![0-9a-f])/gi;
const JWT = /eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/g;
/** A token68 (RFC 9110 §11.2) or `account:signature`, not a parameter: `Bearer error="invalid_token"` is a challenge. */
const SCHEME = /\b(bearer|basic|negotiate|sharedkey(?:lite)?)\s+(?![A-Za-z_-]{1,40}=["'\\])[A-Za-z0-9._~+/=:-]{8,}/gi;
const USERINFO = /(:\/\/)[^\s/@]{1,512}@/g;
const PEM = /-----BEGIN [A-Z ]{3,40}-----[^-]{0,8192}/g;
const BASE64_KEY = /[A-Za-z0-9+/]{86}==/g;
/** Texts that have none of these hold no secret: most texts leave here. */
const SIGNS = /[=:@%]|eyJ|[kK][eE][yY]|\s/;
const WORDS =
  /key|sig|token|secret|passw|pwd|assertion|authorization|cookie|principal|code=|eyJ|bearer|basic|negotiate|BEGIN|@|%/i;
const LONG_KEY = 88;

const mayHoldSecret = (text: string): boolean =>
  SIGNS.test(text) && (WORDS.test(text) || (text.length >= LONG_KEY && text.includes("==")));

const ROUNDS = 3;

/**
 * The text without keys, signatures, tokens, cookies and passwords, also where they are percent-encoded up to three
 * times. Linear in the length of the text.
 */
export function redact(text: string): string {
  if (!mayHoldSecret(text)) return text;
  const plain = redactOnce(text);
  if (!plain.includes("%")) return plain;
  return hidesSecret(plain) ? redactOnce(decodeFully(plain)) : plain;
}

/** Characters looked at beyond those that are kept, so that a secret is not cut before it is seen. */
const MARGIN = 8_192;

/** At most `longest` characters of the text, redacted. */
export const redactedPart = (text: string, longest: number): string =>
  redact(text.slice(0, longest + MARGIN)).slice(0, longest);

function redactOnce(text: string): string {
  return text
    .replace(JWT, GONE)
    .replace(PEM, GONE)
    .replace(HEADER, `$1$2${GONE}`)
    .replace(WHOLE, `$1$2${GONE}`)
    .replace(SCHEME, (_, scheme: string) => `${scheme} ${GONE}`)
    .replace(PAIR, `$1$2${GONE}`)
    .replace(CODE, `$1$2${GONE}`)
    .replace(BARE_KEY, `$1$2${GONE}`)
    .replace(USERINFO, `$1${GONE}@`)
    .replace(BASE64_KEY, GONE);
}

/** Whether what the percent signs hide is a secret. */
function hidesSecret(text: string): boolean {
  const decoded = decodeFully(text);
  return decoded !== text && redactOnce(decoded) !== decoded;
}

function decodeFully(text: string): string {
  let decoded = text;
  for (let round = 0; round < ROUNDS && decoded.includes("%"); round++) {
    decoded = decoded.replaceAll(/%([0-9A-Fa-f]{2})/g, (whole: string, hex: string) => {
      const code = Number.parseInt(hex, 16);
      return code >= 0x20 && code < 0x7f ? String.fromCharCode(code) : whole;
    });
  }
  return decoded;
}
