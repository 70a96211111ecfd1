const PROGRESS_MS = 200;
/** Between two lines where nobody can rewrite one, as in a log of CI. */
const PLAIN_PROGRESS_MS = 10_000;

/** One line on standard error: rewritten at a terminal, a new one at times elsewhere. */
export interface ProgressLine {
  /** `text` is asked only when it is shown. */
  show(text: () => string): void;
  /** The line is gone, so that something else can be said. */
  clear(): void;
}

export function createProgressLine(stderr: NodeJS.WriteStream = process.stderr): ProgressLine {
  const spacing = stderr.isTTY ? PROGRESS_MS : PLAIN_PROGRESS_MS;
  let next = performance.now() + spacing;
  return {
    show(text) {
      if (performance.now() < next) return;
      next = performance.now() + spacing;
      stderr.write(stderr.isTTY ? `\r\x1b[K${text()}` : `${text()}\n`);
    },
    clear() {
      if (stderr.isTTY) stderr.write("\r\x1b[K");
    },
  };
}

const CELLS = 24;

/** `━━━━━━━━────────  33 %`: how much of `total` is done. */
export function bar(done: number, total: number): string {
  const share = total <= 0 ? 1 : Math.min(1, done / total);
  const full = Math.round(share * CELLS);
  return `${"━".repeat(full)}${"─".repeat(CELLS - full)} ${String(Math.floor(share * 100)).padStart(3)} %`;
}
