import { type Analysis, type AnalysisOptions, LONGEST_DELAY_MS, JOIN_PROBABILITY, JOIN_WINDOW_MS } from "./analysis.ts";
import { waitAtMost } from "./correlate/delays.ts";
import type { DurationMs } from "./model/time.ts";
import { createLooks, disorderIn, isPrompt } from "./prompt-look.ts";

/** What a start may ask for otherwise than the one before: all options but the seed. */
export interface Settings {
  readonly lateness: DurationMs;
  readonly joinWindow: DurationMs;
  readonly joinProbability: number;
  readonly longestDelay: DurationMs;
  readonly prompt: boolean;
}

const settingsOf = ({
  lateness,
  joinWindow = JOIN_WINDOW_MS,
  joinProbability = JOIN_PROBABILITY,
  longestDelay = LONGEST_DELAY_MS,
  prompt = false,
}: AnalysisOptions): Settings => ({ lateness, joinWindow, joinProbability, longestDelay, prompt });

/** What an analysis that was begun with other options is to be told; undefined where it goes by these already. */
export function changedSettings(analysis: Analysis, options: AnalysisOptions): Settings | undefined {
  const { reorder, join, inferred, delays, looks } = analysis;
  const asked = settingsOf(options);
  const isSame =
    asked.lateness === reorder.lateness &&
    asked.joinWindow === join.window &&
    asked.joinProbability === inferred.threshold &&
    asked.longestDelay === delays.longest &&
    !lacksLooks(looks, asked);
  return isSame ? undefined : asked;
}

/**
 * From now on the analysis goes by the settings. Watermarks never move back: what a longer wait is to reach begins with what
 * comes from now on. Looks at single logs stay where nobody asks for them: another start may.
 */
export function applySettings(analysis: Analysis, asked: Settings): void {
  const { lateness, joinWindow, joinProbability, longestDelay } = asked;
  analysis.reorder.lateness = lateness;
  for (const { reorder } of analysis.looks) reorder.lateness = disorderIn(lateness);
  if (lacksLooks(analysis.looks, asked)) analysis.looks = createLooks(lateness, joinWindow);
  analysis.join.window = joinWindow;
  analysis.inferred.threshold = joinProbability;
  waitAtMost(analysis.delays, longestDelay);
}

const lacksLooks = (looks: Analysis["looks"], { prompt, lateness, joinWindow }: Settings): boolean =>
  prompt && looks.length === 0 && !isPrompt(lateness, joinWindow);
