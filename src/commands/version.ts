/** Version of the program, as `--version` and each export tell it. */
export const VERSION = "0.1.0";
