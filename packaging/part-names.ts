/** The part that the executable's main script begins with. */
export const MAIN_PART = "main.js";

/** Beside each part's name, the asset that holds its compiled code. */
export const CODE_CACHE_SUFFIX = ".code";
