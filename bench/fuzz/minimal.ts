import type { FuzzInput } from "./ways.ts";

const MOST_TRIES = 2_500;

/** Fewer and shorter inputs of which `isBad` still holds, by leaving out parts of halving size. */
export function minimal(
  inputs: readonly FuzzInput[],
  isBad: (inputs: readonly FuzzInput[]) => boolean,
): readonly FuzzInput[] {
  let tries = 0;
  const holds = (some: readonly FuzzInput[]): boolean => tries++ < MOST_TRIES && isBad(some);
  let kept: readonly FuzzInput[] = inputs;
  const last = inputs.slice(-1);
  for (let count = 1; count < inputs.length; count *= 2) {
    const some = inputs.slice(-count);
    if (!holds(some)) continue;
    kept = some;
    break;
  }
  if (kept.length > 1) {
    const before = shortest(kept.slice(0, -1), (part) => holds([...part, ...last]));
    kept = [...before, ...last];
  }
  for (let i = 0; i < kept.length; i++) kept = smaller(kept, i, holds);
  return kept;
}

/** One of the inputs made shorter. A cut is one of its parts, so that it stays where it is in what is left. */
function smaller(
  inputs: readonly FuzzInput[],
  at: number,
  holds: (inputs: readonly FuzzInput[]) => boolean,
): readonly FuzzInput[] {
  const input = inputs[at];
  if (input === undefined) return inputs;
  const withParts = (parts: readonly string[]): readonly FuzzInput[] =>
    inputs.with(at, { isBody: input.isBody, ...joined(parts) });
  return withParts(shortest(partsOf(input), (parts) => holds(withParts(parts))));
}

const CUT = "";

/** Characters, and `CUT` where the stream is cut. */
function partsOf({ text, cuts }: FuzzInput): readonly string[] {
  let parts: readonly string[] = text.split("");
  for (const cut of cuts.map((place) => place % (text.length + 1)).toSorted((a, b) => b - a))
    parts = parts.toSpliced(cut, 0, CUT);
  return parts;
}

function joined(parts: readonly string[]): { readonly text: string; readonly cuts: readonly number[] } {
  const cuts: number[] = [];
  let text = "";
  for (const part of parts) {
    if (part === CUT) cuts.push(text.length);
    text += part;
  }
  return { text, cuts };
}

/** The list without parts that are not needed: halves first, single ones last. */
function shortest<T>(list: readonly T[], isEnough: (part: readonly T[]) => boolean): readonly T[] {
  let kept = list;
  for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < kept.length; ) {
      const part = kept.toSpliced(from, size);
      if (isEnough(part)) kept = part;
      else from += size;
    }
  }
  return kept;
}
