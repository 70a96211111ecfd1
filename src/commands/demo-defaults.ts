export const DEMO_PORT = 7_433;
export const DEMO_SEED = 8;
