/** Source of the trace that holds the claims of a call's token (docs/policies.md). */
export const CLAIMS_SOURCE = "scopetrail-claims";

/** Of a trace's message: a text that says nothing of a version stands for the first. */
export const isOtherVersion = (message: string): boolean => /^v\d+$/i.test(message) && message.toLowerCase() !== "v1";
