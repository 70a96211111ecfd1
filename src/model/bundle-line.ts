/** One bundle of a folder of exports, as its manifest has it. */
export interface BundleLine {
  readonly name: string;
  /** A digest vouches for the rows of an hour and has no files. */
  readonly kind: "export" | "digest";
  /** ISO 8601. */
  readonly madeAt: string;
  /** ISO 8601; null where it was not narrowed. */
  readonly from: string | null;
  readonly to: string | null;
  readonly calls: number;
  readonly bytes: number;
  /** Of the manifest. */
  readonly sha256: string;
  /** Whether the signature and the place in the chain hold; rows and files are not looked at. */
  readonly state: "signed" | "broken";
  /** What is broken. */
  readonly says?: string;
}
