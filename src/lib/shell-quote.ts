const CONTROL = /\p{Cc}/gu;

/** Quotes a text for a POSIX shell: nothing in it is ever executed. Control characters go. */
export const shellQuoted = (text: string): string => `'${text.replaceAll(CONTROL, "").replaceAll("'", `'\\''`)}'`;
