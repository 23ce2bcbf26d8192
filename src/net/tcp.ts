/** What became of a TCP connection. */
export type TcpOutcome = 'open' | 'refused' | 'unreachable';
