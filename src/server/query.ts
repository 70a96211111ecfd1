/** A path with parameters; a list gives a parameter several times, undefined leaves it out. */
export function hrefOf(
  path: string,
  parameters: Readonly<Record<string, string | readonly string[] | undefined>>,
): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters))
    for (const one of typeof value === "string" ? [value] : (value ?? [])) query.append(name, one);
  const text = query.toString();
  return text === "" ? path : `${path}?${text}`;
}

/** The parameters of an address, each with all its values. */
export function parametersOf(url: URL): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries([...new Set(url.searchParams.keys())].map((name) => [name, url.searchParams.getAll(name)]));
}
