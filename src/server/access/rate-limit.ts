export interface RateLimit {
  /** Takes one request of somebody; 0 when it may go on, else the seconds until the next one may. */
  take(who: string): number;
}

interface Bucket {
  /** Requests that may come at once. */
  left: number;
  at: number;
}

/** People and programs that are told apart; of more, the one that was quiet longest begins anew. */
const MOST = 10_000;

/** Token buckets: so many requests a second for good, so many at once. `now` in milliseconds. */
export function createRateLimit(
  { perSecond, burst }: { readonly perSecond: number; readonly burst: number },
  now: () => number,
): RateLimit {
  const buckets = new Map<string, Bucket>();
  return {
    take(who) {
      const at = now();
      const bucket = buckets.get(who) ?? { left: burst, at };
      bucket.left = Math.min(burst, bucket.left + (Math.max(0, at - bucket.at) / 1_000) * perSecond);
      bucket.at = at;
      buckets.delete(who);
      buckets.set(who, bucket);
      const [quietest] = buckets.keys();
      if (buckets.size > MOST && quietest !== undefined) buckets.delete(quietest);
      if (bucket.left < 1) return Math.ceil((1 - bucket.left) / perSecond);
      bucket.left -= 1;
      return 0;
    },
  };
}
