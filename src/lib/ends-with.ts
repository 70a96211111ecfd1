/** Whether `text`, lower-cased, ends with `suffix`, which is lower-cased ASCII; makes no text unless it has other letters there. */
export function endsWithLower(text: string, suffix: string): boolean {
  const first = text.length - suffix.length;
  for (let i = suffix.length - 1; i >= 0; i--) {
    const unit = text.charCodeAt(first + i);
    if (unit > 127) return text.toLowerCase().endsWith(suffix);
    const lower = unit >= 65 && unit <= 90 ? unit + 32 : unit;
    if (lower !== suffix.charCodeAt(i)) return false;
  }
  return true;
}
