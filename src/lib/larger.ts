import { freeBytes } from "./free-bytes.ts";

type Numbers = Int32Array | Uint32Array | Float64Array | Uint16Array | Uint8Array;

/**
 * The same numbers with room for so many. The memory of those that were given is free at once: nobody may have them any more. A large
 * table would otherwise be there three times while it grows, and the old one until the collector comes by.
 */
export function larger<A extends Numbers>(from: A, length: number): A;
export function larger(from: Numbers, length: number): Numbers {
  const into = emptyAs(from, length);
  into.set(from);
  freeNumbers(from);
  return into;
}

/** Gives the memory of numbers back that nobody uses any more, with all that lies in it. */
export const freeNumbers = ({ buffer }: Numbers): void => freeBytes(new Uint8Array(buffer));

function emptyAs(from: Numbers, length: number): Numbers {
  if (from instanceof Float64Array) return new Float64Array(length);
  if (from instanceof Int32Array) return new Int32Array(length);
  if (from instanceof Uint16Array) return new Uint16Array(length);
  return from instanceof Uint32Array ? new Uint32Array(length) : new Uint8Array(length);
}
