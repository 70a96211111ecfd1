import { type Options, Presets, SingleBar } from "cli-progress";
import type { BackfillProgress } from "../sources/log-analytics-backfill.ts";

export interface Progress {
  tell(progress: BackfillProgress): void;
  stop(): void;
}

/** Between two lines where no bar can be drawn. */
const LINE_MS = 5_000;

/** A bar where `stream` is a terminal, else a line every five seconds and one at the end. */
export function createProgress(stream: NodeJS.WriteStream, elapsed: () => number): Progress {
  return stream.isTTY ? barProgress(stream, elapsed) : lineProgress(stream, elapsed);
}

const until = ({ until: ms }: BackfillProgress): string => new Date(ms).toISOString().slice(0, 16).replace("T", " ");

interface Pace {
  /** Rows a second since the start of this attempt, and the seconds left at that rate. */
  of(progress: BackfillProgress): { readonly rate: number; readonly left: string };
}

function createPace(elapsed: () => number): Pace {
  const started = elapsed();
  let first: number | undefined;
  return {
    of({ rows, total }) {
      first ??= rows;
      const seconds = (elapsed() - started) / 1_000;
      const rate = seconds > 0 ? (rows - first) / seconds : 0;
      return { rate: Math.round(rate), left: rate > 0 ? duration((total - rows) / rate) : "?" };
    },
  };
}

function duration(seconds: number): string {
  const whole = Math.max(0, Math.ceil(seconds));
  if (whole < 60) return `${whole} s`;
  return whole < 3_600 ? `${Math.ceil(whole / 60)} min` : `${(whole / 3_600).toFixed(1)} h`;
}

function barProgress(stream: NodeJS.WriteStream, elapsed: () => number): Progress {
  const options: Options = {
    format: "backfill {bar} {percentage} % · {value}/{total} rows · {rate} rows/s · {left} left · up to {until}",
    stream,
    hideCursor: true,
    clearOnComplete: false,
  };
  const bar = new SingleBar(options, Presets.shades_classic);
  const pace = createPace(elapsed);
  let isStarted = false;
  return {
    tell(progress) {
      const payload = { ...pace.of(progress), until: until(progress) };
      if (isStarted) {
        bar.setTotal(progress.total);
        bar.update(progress.rows, payload);
      } else bar.start(progress.total, progress.rows, payload);
      isStarted = true;
    },
    stop: () => bar.stop(),
  };
}

function lineProgress(stream: NodeJS.WriteStream, elapsed: () => number): Progress {
  const pace = createPace(elapsed);
  let told = Number.NEGATIVE_INFINITY;
  let last: BackfillProgress | undefined;
  const say = (progress: BackfillProgress): void => {
    const { rate, left } = pace.of(progress);
    stream.write(
      `backfill: ${progress.rows}/${progress.total} rows · ${rate} rows/s · ${left} left · up to ${until(progress)}\n`,
    );
    last = undefined;
  };
  return {
    tell(progress) {
      last = progress;
      if (elapsed() - told < LINE_MS) return;
      told = elapsed();
      say(progress);
    },
    stop() {
      if (last !== undefined) say(last);
    },
  };
}
