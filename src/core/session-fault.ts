/**
 * Why there is no session with a peer, as far as this side can tell. People read the sentence beside
 * it (`lastError`); programs decide by this.
 */
export type SessionFault =
  /** Its kernel refuses the connection: no agent runs there. */
  | 'refused'
  /** No answer to a connection: a firewall drops it, or the host is down. */
  | 'unreachable'
  /** Its kernel takes the connection but its agent says nothing: stopped, or hopelessly busy. */
  | 'mute'
  /** A certificate was not accepted, theirs by us or ours by them. */
  | 'certificate'
  /** The two do not understand or want each other; the sentence says why. */
  | 'other';
