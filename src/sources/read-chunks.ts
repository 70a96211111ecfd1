import { open } from "node:fs/promises";

const CHUNK_BYTES = 1 << 20;
/** One that is used, one that is read ahead, and one on the way between them. */
const CHUNKS = 3;

/** The bytes of a file. A chunk is valid until the next but one is asked for. */
export async function* readChunks(path: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const file = await open(path);
  try {
    const chunks: Uint8Array[] = [];
    for (let turn = 0; !signal.aborted; turn++) {
      const chunk = (chunks[turn % CHUNKS] ??= new Uint8Array(CHUNK_BYTES));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
