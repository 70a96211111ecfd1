const LEAST_WIDTH = 20;

/** The text in lines of at most `width` characters, broken at spaces; a longer word stays whole, so that it can be copied. */
export function wrap(text: string, width: number): readonly string[] {
  const room = Math.max(LEAST_WIDTH, width);
  if (text.length <= room) return [text];
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines;
}
