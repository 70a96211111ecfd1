/** Memory is given out once, at the start, and never grows afterwards: views of it stay valid. */

let next: usize = (__heap_base + 63) & ~63;

/** So many bytes, aligned to a line of the cache, zeroed. */
export function allocate(bytes: usize): usize {
  const at = next;
  next = (next + bytes + 63) & ~63;
  const pages = ((next + 65535) >>> 16) as i32;
  if (pages > memory.size()) memory.grow(pages - memory.size());
  return at;
}

/** Bytes behind what is read that are readable: vectors are loaded whole. */
export const PADDING: u32 = 64;
