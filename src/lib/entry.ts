/** The value of a key; a first one is put there where there is none. */
export function entry<K, V>(map: Map<K, V>, key: K, first: () => V): V {
  let value = map.get(key);
  if (value === undefined) map.set(key, (value = first()));
  return value;
}
