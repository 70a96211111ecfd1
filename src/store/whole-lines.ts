/**
 * The lines of a file that is appended to line by line, each synced. What a crash left of the last one is not among them: it is
 * cut off, or holds bytes that never reached the disk, which are zero and which no line of JSON has.
 */
export function wholeLines(text: string): string {
  const ended = text.slice(0, text.lastIndexOf("\n") + 1);
  const last = ended.lastIndexOf("\n", ended.length - 2) + 1;
  return ended.includes("\0", last) ? ended.slice(0, last) : ended;
}
