/** Says what does not hold. */
export function must(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(`it does not hold that ${sentence}`);
}
