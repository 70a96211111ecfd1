import { describe, expect, test } from "vitest";
import { hostOf } from "../../src/lib/host.ts";
import { networkOf, userAgentFamily } from "../../src/correlate/network.ts";

describe("networkOf", () => {
  const cases = [
    { name: "an IPv4 address is its /24", address: "203.0.113.77", network: "203.0.113.0/24" },
    { name: "an IPv6 address is its /48", address: "2001:db8:12:34::1", network: "2001:db8:12::/48" },
    { name: "zeros are found behind the double colon", address: "2001:db8::1", network: "2001:db8:0::/48" },
    { name: "letters are folded and zeros dropped", address: "2001:0DB8:00AB::1", network: "2001:db8:ab::/48" },
    { name: "text without dots stays", address: "unknown", network: "unknown" },
  ];
  test.each(cases)("$name", ({ address, network }) => expect(networkOf(address)).toBe(network));
});

describe("userAgentFamily", () => {
  const cases = [
    { name: "drops version and comment", agent: "python-requests/2.31 (Linux)", family: "python-requests" },
    { name: "drops what follows a space", agent: "Java HttpClient", family: "java" },
    { name: "keeps a bare product", agent: "billing", family: "billing" },
    { name: "nothing is nothing", agent: "", family: undefined },
  ];
  test.each(cases)("$name", ({ agent, family }) => expect(userAgentFamily(agent)).toBe(family));
});

describe("hostOf", () => {
  const cases = [
    {
      name: "drops port and path",
      url: "https://Shop.Documents.azure.com:443/dbs/x",
      host: "shop.documents.azure.com",
    },
    { name: "drops credentials", url: "https://user:pass@api.example/x", host: "api.example" },
    { name: "a query without path ends the host", url: "https://api.example?x=1", host: "api.example" },
    { name: "an IPv6 host keeps its brackets", url: "https://[2001:db8::1]:8443/", host: "[2001:db8::1]" },
    { name: "no scheme is no host", url: "/dbs/x", host: undefined },
  ];
  test.each(cases)("$name", ({ url, host }) => expect(hostOf(url)).toBe(host));
});
