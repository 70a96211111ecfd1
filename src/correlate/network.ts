/**
 * The /24 of an IPv4 address, the /48 of an IPv6 address: what callers of one place share.
 * Expects an address that was checked at normalize; anything else is returned as it is. Joined, so that what is kept of it are
 * its letters and not the parts that it was put together from.
 */
export function networkOf(address: string): string {
  if (address.includes(":")) return network6(address);
  const last = address.lastIndexOf(".");
  return last < 0 ? address : [address.slice(0, last), ".0/24"].join("");
}

function network6(address: string): string {
  const [head = "", tail] = address.toLowerCase().split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  const groups = [...left, ...Array.from({ length: zeros }, () => "0"), ...right];
  const prefix = groups.slice(0, 3).map((group) => Number.parseInt(group, 16).toString(16));
  return `${prefix.join(":")}::/48`;
}

/** `python-requests/2.31 (…)` is `python-requests`: the product of a user agent without its version. */
export function userAgentFamily(userAgent: string): string | undefined {
  const end = userAgent.search(/[/ (;,]/);
  const family = (end < 0 ? userAgent : userAgent.slice(0, end)).slice(0, 64).toLowerCase();
  return family === "" ? undefined : family;
}
