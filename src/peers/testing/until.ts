/** Resolves once `look` gives a value; rejects after `ms` with what was waited for. */
export async function until<T>(
  look: () => T | undefined | false,
  options: { what: string; ms?: number },
): Promise<T> {
  const { what, ms = 3000 } = options;
  const end = performance.now() + ms;
  for (;;) {
    const value = look();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
