/** Larger than any memory that several buffers have their places in. */
const SHARED_BYTES = 1 << 16;

/**
 * Gives the memory of bytes that nobody uses any more back at once: the collector sees little of what lies outside the heap, and lets
 * tens of megabytes of it wait. Small ones are left to it.
 */
export function freeBytes(bytes: Uint8Array): void {
  if (bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength > SHARED_BYTES) bytes.buffer.transfer(0);
}
