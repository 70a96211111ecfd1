import { lookup } from "node:dns/promises";
import { BlockList, isIP } from "node:net";
import { err, ok, type Result } from "../lib/result.ts";

/** Addresses that a webhook must not reach unless it is allowed to: loopback, private, link-local, metadata, transition. */
const denied = new BlockList();
for (const [network, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
  // Azure's wire server: a public-looking address that answers inside every virtual machine.
  ["168.63.129.16", 32],
] as const) {
  denied.addSubnet(network, bits, "ipv4");
}
for (const [network, bits] of [
  // Unspecified, loopback and the retired IPv4-compatible spelling of every IPv4 address.
  ["::", 96],
  ["fc00::", 7],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
  ["64:ff9b::", 96],
  ["64:ff9b:1::", 48],
  ["2001::", 32],
  ["2002::", 16],
  ["5f00::", 16],
] as const) {
  denied.addSubnet(network, bits, "ipv6");
}

/** Whether an address is none that a webhook should reach; text that is no address is denied. */
export function isDenied(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return denied.check(address, "ipv4");
  if (family !== 6) return true;
  const mapped = mappedIpv4(address);
  return mapped === undefined ? denied.check(address, "ipv6") : denied.check(mapped, "ipv4");
}

/** The IPv4 address inside `::ffff:a.b.c.d`, in either spelling. */
function mappedIpv4(address: string): string | undefined {
  const lower = address.toLowerCase();
  const dotted = /^(?:0{0,4}:){0,5}:?ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(lower)?.[1];
  if (dotted !== undefined) return dotted;
  const hex = /^(?:0{0,4}:){0,5}:?ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(lower);
  if (hex === null) return undefined;
  const [high, low] = [Number.parseInt(hex[1] ?? "0", 16), Number.parseInt(hex[2] ?? "0", 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

export interface Destination {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Why no alert can go to an address, whatever it leads to; undefined when nothing speaks against it. */
export function addressFault(url: URL, allowPrivate: boolean): string | undefined {
  if (url.username !== "" || url.password !== "") return "the address holds a user name or password";
  if (url.protocol === "https:" || (allowPrivate && url.protocol === "http:")) return undefined;
  return url.protocol === "http:"
    ? "the address is not https; http needs allowPrivate on the target"
    : "the address is not https";
}

/** Resolves a target once; the connection goes to the very address that was checked. */
export async function resolveDestination(url: URL, allowPrivate: boolean): Promise<Result<Destination, string>> {
  const fault = addressFault(url, allowPrivate);
  if (fault !== undefined) return err(fault);
  const host = url.hostname.replace(/^\[|\]$/g, "");
  let found: readonly { address: string; family: number }[];
  try {
    found = await lookup(host, { all: true });
  } catch (error) {
    return err(
      `the host name does not resolve (${error instanceof Error && "code" in error ? String(error.code) : "unknown"})`,
    );
  }
  if (!allowPrivate && found.some(({ address }) => isDenied(address)))
    return err("the host name leads to a private or reserved address; set allowPrivate on the target if that is meant");
  const first = found[0];
  return first === undefined
    ? err("the host name has no address")
    : ok({ address: first.address, family: first.family === 6 ? 6 : 4 });
}
