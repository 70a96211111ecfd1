import type { FuzzInput } from "./ways.ts";

const MOST_TRIES = 1_500;

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

/** One of the inputs made shorter. */
function smaller(
  inputs: readonly FuzzInput[],
  at: number,
  holds: (inputs: readonly FuzzInput[]) => boolean,
): readonly FuzzInput[] {
  const input = inputs[at];
  if (input === undefined) return inputs;
  const uncut = inputs.with(at, { ...input, cuts: [] });
  const base = input.cuts.length > 0 && holds(uncut) ? uncut : inputs;
  const from = base[at] ?? input;
  const withText = (text: string): readonly FuzzInput[] => base.with(at, { ...from, text });
  const characters = shortest(from.text.split(""), (part) => holds(withText(part.join(""))));
  return withText(characters.join(""));
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
