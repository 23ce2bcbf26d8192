/** What a shell takes for nothing but itself: names of devices and containers, addresses, numbers. */
const PLAIN = /^[\w][\w.:@-]{0,127}$/;

/**
 * A word of another host in a command that a person is to run. One that a shell might take for more than a
 * word is left out.
 * @param otherwise what stands there then, for the person to fill in
 */
export const inCommand = (word: string, otherwise: string): string =>
  PLAIN.test(word) ? word : otherwise;
