import { describe, expect, test } from "vitest";
import { fitPrior, unneeded } from "../../src/privileges/score.ts";

const peers = (rates: readonly number[], observed: number) =>
  rates.map((rate) => ({ used: rate * observed, observed }));

describe("the prior of use", () => {
  test("is the published one where there are too few peers, or where they do not differ", () => {
    expect(fitPrior(peers([0, 0.5, 1], 100))).toEqual({ alpha: 0.5, beta: 30 });
    expect(
      fitPrior(
        peers(
          Array.from({ length: 40 }, () => 0.5),
          100,
        ),
      ),
    ).toEqual({ alpha: 0.5, beta: 30 });
    expect(
      fitPrior(
        peers(
          Array.from({ length: 40 }, () => 0),
          100,
        ),
      ),
    ).toEqual({ alpha: 0.5, beta: 30 });
  });
  test("fits mean and variance of the peers' rates", () => {
    // 20 at 0 and 20 at 1: mean 0.5, variance 0.25, of which 0.5 / 100 is chance. β = 0.5 / 0.245, α = 0.5 β.
    const { alpha, beta } = fitPrior(
      peers(
        Array.from({ length: 40 }, (_, i) => i % 2),
        100,
      ),
    );
    expect(beta).toBeCloseTo(0.5 / 0.245, 10);
    expect(alpha).toBeCloseTo((0.5 * 0.5) / 0.245, 10);
  });
});

test("confidence grows with the days that were observed", () => {
  const prior = { alpha: 0.5, beta: 30 };
  const days = [0, 30, 90, 365].map((observed) => unneeded(prior, observed));
  expect(days).toEqual(days.toSorted((a, b) => a - b));
  expect(unneeded(prior, 90)).toBeCloseTo(Math.sqrt(120 / 210), 10);
});
