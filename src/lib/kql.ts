/** A KQL string literal; nothing in the value can end it. */
export const kqlText = (value: string): string =>
  `"${value
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll(/\p{Cc}/gu, "")}"`;
