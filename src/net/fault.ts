/**
 * A mistake of whoever asked: its message is for them, whole, and no stack trace goes with it.
 * It says what is wrong, which value, what is accepted and what to do.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
}
