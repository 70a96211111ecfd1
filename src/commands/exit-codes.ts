/** Exit codes of every command; `findings` only with `--fail-on`. */
export const EXIT = {
  ok: 0,
  findings: 1,
  usage: 2,
  refused: 3,
  unreachable: 4,
  partial: 5,
  bug: 70,
  interrupted: 130,
} as const;
