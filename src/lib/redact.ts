/** Names whose values are secrets, in URLs, headers, connection strings and JSON; compared without case. */
const SECRET_NAMES = [
  "subscription-key",
  "ocp-apim-subscription-key",
  "api-key",
  "apikey",
  "x-api-key",
  "x-functions-key",
  "code",
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
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-ms-client-principal",
];

const GONE = "«redacted»";
/** A secret's name, `=` or `:`, and a value up to what ends one in a URL, a header or JSON. Bounded, without nesting. */
const PAIR = new RegExp(
  `(?<![A-Za-z0-9_])(${SECRET_NAMES.toSorted((a, b) => b.length - a.length).join("|")})(\\\\?"?\\s{0,3}[=:]\\s{0,3}\\\\?"?)((?:bearer|basic|sharedaccesssignature|sharedkey)\\s+)?([^\\s&;,"'<>«»#\\\\]{1,8192})`,
  "gi",
);
const JWT = /eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?/g;
const SCHEME = /\b(bearer|basic|sharedkey)\s+[A-Za-z0-9._~+/=-]{8,}/gi;
const USERINFO = /(:\/\/)[^\s/@]{1,512}@/g;
const PEM = /-----BEGIN [A-Z ]{3,40}-----[^-]{0,8192}/g;
const BASE64_KEY = /[A-Za-z0-9+/]{86}==/g;
/** Shorter texts than this that have none of these marks hold no secret: most texts leave here. */
const MARKS = /[=:@]|eyJ|bearer|basic|BEGIN|==/i;
const ROUNDS = 3;

/**
 * The text without keys, signatures, tokens, cookies and passwords, also where they are percent-encoded up to three
 * times. Linear in the length of the text.
 */
export function redact(text: string): string {
  if (!MARKS.test(text) && !text.includes("%")) return text;
  const plain = redactOnce(text);
  if (!plain.includes("%")) return plain;
  return hidesSecret(plain) ? redactOnce(decodeFully(plain)) : plain;
}

function redactOnce(text: string): string {
  return text
    .replace(JWT, GONE)
    .replace(PEM, GONE)
    .replace(SCHEME, (_, scheme: string) => `${scheme} ${GONE}`)
    .replace(
      PAIR,
      (_, name: string, mark: string, scheme: string | undefined) => `${name}${mark}${scheme ?? ""}${GONE}`,
    )
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
