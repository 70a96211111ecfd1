import { type Evidence, FIELDS, type FieldId } from "./play.ts";

export interface Gain {
  readonly field: FieldId;
  /** Bits that the field tells of whether it is the cause, once layer and status are known. */
  readonly gained: number;
}

const entropy = (counts: readonly number[]): number => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.reduce((sum, count) => (count === 0 ? sum : sum - (count / total) * Math.log2(count / total)), 0);
};

/** Entropy of whether it is the cause, given the key, weighted so that the cause is as likely as all of its neighbours together. */
function uncertainty(played: readonly Evidence[], cause: string, key: (one: Evidence) => string): number {
  const own = played.filter((one) => one.cause === cause).length;
  const weight = (one: Evidence): number => (one.cause === cause ? 0.5 / own : 0.5 / (played.length - own));
  const groups = new Map<string, [number, number]>();
  for (const one of played) {
    const group = groups.get(key(one)) ?? [0, 0];
    group[one.cause === cause ? 0 : 1] += weight(one);
    groups.set(key(one), group);
  }
  return [...groups.values()].reduce((sum, [yes, no]) => sum + (yes + no) * entropy([yes, no]), 0);
}

/** What each field tells of a cause, most first; among the refusals of the layers and statuses that the cause has. */
export function gains(played: readonly Evidence[], cause: string): readonly Gain[] {
  const place = ({ layer, status }: Evidence): string => `${layer} ${status}`;
  const places = new Set(played.filter((one) => one.cause === cause).map(place));
  const near = played.filter((one) => places.has(place(one)));
  if (near.every((one) => one.cause === cause)) return [];
  const before = uncertainty(near, cause, place);
  return FIELDS.map(({ id }) => ({
    field: id,
    gained: before - uncertainty(near, cause, (one) => `${place(one)} ${one.says[id]}`),
  })).toSorted((a, b) => b.gained - a.gained);
}
