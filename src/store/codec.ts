import { Deserializer, Serializer } from "node:v8";

/**
 * States as bytes. Views of one memory are views of one memory again, which `v8.serialize` does not give: it copies each
 * view by itself, and what is then written through one is not seen through the other.
 */
export const stateCodec = {
  encode(value: unknown): Uint8Array {
    const serializer = new Serializer();
    serializer.writeHeader();
    serializer.writeValue(value);
    return serializer.releaseBuffer();
  },
  decode(bytes: Uint8Array): unknown {
    const deserializer = new Deserializer(bytes);
    deserializer.readHeader();
    return deserializer.readValue();
  },
};
