/** Host of an URL without credentials and port, lower-cased; undefined when there is none. */
export function hostOf(url: string): string | undefined {
  const start = url.indexOf("://");
  if (start < 0) return undefined;
  const rest = url.slice(start + 3);
  const end = rest.search(/[/?#]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const host = authority.slice(authority.lastIndexOf("@") + 1);
  const port = host.lastIndexOf(":");
  const name = port > host.lastIndexOf("]") ? host.slice(0, port) : host;
  return name === "" ? undefined : name.toLowerCase();
}
