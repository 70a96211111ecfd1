import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Cells,
  countIn,
  countRefused,
  createCells,
  learnedIn,
  newCell,
  stepCells,
  tallyOf,
} from "../../src/detect/cells.ts";
import {
  addEDetector,
  beginEDetector,
  createEDetectors,
  isRising,
  learnedBy,
  resetEDetector,
  stepEDetector,
  tellTrials,
} from "../../src/detect/e-detector.ts";

const SYMPTOMS = ["a", "b", "c"];

/** Per cell: trials of a bin, and by symptom how many of them were refused. */
const cellInBin = fc.record({
  n: fc.integer({ min: 0, max: 6 }),
  refused: fc.array(fc.nat({ max: 2 }), { maxLength: 6 }),
});
const bins = fc.array(
  fc.record({ gap: fc.integer({ min: 1, max: 9 }), cells: fc.array(cellInBin, { minLength: 3, maxLength: 3 }) }),
  {
    minLength: 40,
    maxLength: 120,
  },
);

/** The detectors of one cell, each told of all trials in which nothing of its symptom was refused, bin by bin. */
class PlainCell {
  readonly #detectors = createEDetectors();
  readonly #bySymptom = new Map<string, number>();

  step(bin: number, trials: number, before: number, refused: ReadonlyMap<string, number>): string[] {
    const alarms: string[] = [];
    for (const symptom of refused.keys())
      if (!this.#bySymptom.has(symptom)) {
        const detector = addEDetector(this.#detectors);
        beginEDetector(this.#detectors, detector, Math.max(0, before), bin);
        this.#bySymptom.set(symptom, detector);
      }
    for (const [symptom, detector] of this.#bySymptom) {
      const f = refused.get(symptom) ?? 0;
      if (f === 0 && (trials === 0 || !isRising(this.#detectors, detector))) {
        tellTrials(this.#detectors, detector, trials);
        continue;
      }
      const start = stepEDetector(this.#detectors, detector, { bin, f, n: trials });
      if (start === undefined) continue;
      alarms.push(`${symptom} since ${start}`);
      resetEDetector(this.#detectors, detector);
    }
    return alarms;
  }

  learned(symptom: string) {
    const detector = this.#bySymptom.get(symptom);
    return detector === undefined ? undefined : learnedBy(this.#detectors, detector);
  }
}

/** Gives by symptom how many of `n` trials were refused. */
function countTrials(
  cells: Cells,
  { cell, bin }: { readonly cell: number; readonly bin: number },
  n: number,
  refused: readonly number[],
): ReadonlyMap<string, number> {
  const told = new Map<string, number>();
  for (let trial = 0; trial < n; trial++) {
    countIn(cells, cell, bin);
    const symptom = SYMPTOMS[refused[trial] ?? -1];
    if (symptom === undefined) continue;
    countRefused(cells, cell, symptom);
    told.set(symptom, (told.get(symptom) ?? 0) + 1);
  }
  return told;
}

test("cells raise what detectors of their own raise that hear of every bin, and know as much", () => {
  let raised = 0;
  fc.assert(
    fc.property(bins, (list) => {
      const cells = createCells();
      const own = [0, 1, 2].map((id) => newCell(cells, id));
      const plain = own.map(() => new PlainCell());
      let bin = 0;
      for (const { gap, cells: counts } of list) {
        bin += gap;
        const expected: string[] = [];
        for (const [i, { n, refused }] of counts.entries()) {
          const cell = own[i] ?? 0;
          const told = countTrials(cells, { cell, bin }, n, refused);
          const before = tallyOf(cells, cell).total - (n === 0 ? 0 : n);
          expected.push(...(plain[i]?.step(bin, n, before, told) ?? []));
        }
        const alarms = stepCells(cells, bin).map(({ symptom, start }) => `${symptom} since ${start}`);
        expect(alarms.toSorted()).toEqual(expected.toSorted());
        raised += alarms.length;
      }
      for (const [i, cell] of own.entries())
        for (const symptom of SYMPTOMS) {
          const known = learnedIn(cells, cell, symptom, bin + 1);
          const wanted = plain[i]?.learned(symptom);
          expect(known?.f).toBe(wanted?.f);
          if (wanted !== undefined) expect(known?.n).toBeCloseTo(wanted.n, 6);
        }
    }),
    { numRuns: 60 },
  );
  expect(raised).toBeGreaterThan(50);
});
