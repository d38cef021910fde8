/** A value, perhaps with something to warn of, or why there is none; both complete the sentence that the key begins. */
export type Reading<T> = { readonly value: T; readonly warning?: string } | { readonly problem: string };
