/** What a look at a host tells, before anything is changed. */
export interface HostFacts {
  /** As the user named it. */
  readonly host: string;
  /** The address at which the other hosts reach it. */
  readonly address: string;
  /** Its own name, as Swarm shows it. */
  readonly hostname: string;
  /** Random at each boot, so that no two machines share it; containers and their machine do. */
  readonly boot: string;
  /** Its clock less that of the machine `castnet up` runs on, seconds. */
  readonly clockOffset: number;
  /** What /etc/os-release calls the distribution: debian, ubuntu, fedora, … */
  readonly distribution: string;
  /** Whether its kernel has IPv6, switched on. */
  readonly ipv6: boolean;
  /** Bytes free where the plugin is brought to, and below Docker's data root. */
  readonly free: number;
  readonly docker: DockerFacts;
  /** Undefined where there is no plugin of castnet's name. */
  readonly plugin: PluginFacts | undefined;
  readonly swarm: SwarmState;
  /** Of castnet's driver, as far as this Engine knows them. */
  readonly networks: readonly NetworkFacts[];
  /** The build whose files an earlier run brought and left. */
  readonly staged: string | undefined;
}

export interface DockerFacts {
  /** Docker's random id of the Engine. */
  readonly id: string;
  readonly version: string;
  /** The oldest API version that it answers to, and the newest. */
  readonly apiLeast: string;
  readonly apiMost: string;
  readonly os: string;
  /** As Go names it: amd64, arm64, … */
  readonly architecture: string;
  readonly rootless: boolean;
  readonly dataRoot: string;
}

export interface PluginFacts {
  readonly id: string;
  readonly enabled: boolean;
  /** Undefined for a plugin that is not castnet's. */
  readonly version: string | undefined;
  readonly build: string | undefined;
  /** Every setting's value now, and those that are not the plugin's defaults. */
  readonly settings: Readonly<Record<string, string>>;
  readonly changed: Readonly<Record<string, string>>;
  /** Where its files are on the host, if they can be used from there. */
  readonly rootfs: string | undefined;
}

export interface SwarmState {
  /** inactive, pending, active, error or locked. */
  readonly state: string;
  readonly error: string;
  readonly nodeId: string;
  /** The address it told its Swarm. */
  readonly nodeAddress: string;
  /** Whether it is a manager. */
  readonly manager: boolean;
  /** Addresses of the Swarm's managers, ADDRESS:PORT. */
  readonly managers: readonly string[];
  /** All nodes, as a manager knows them. */
  readonly nodes: readonly NodeFacts[];
}

export interface NodeFacts {
  readonly id: string;
  readonly hostname: string;
  readonly role: 'manager' | 'worker';
  readonly ready: boolean;
}

export interface NetworkFacts {
  readonly name: string;
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
}

/** What keeps a host, or two of them, from being made a part of the whole. */
export interface Problem {
  /** A short name that stays; programs decide by it. */
  readonly code: string;
  readonly host: string;
  /** A sentence: what is wrong, and which value. */
  readonly what: string;
  /** What is accepted, and what to do. */
  readonly remedy: string;
  /** Of a host without Docker: the command that brings its distribution's own. */
  readonly install?: string;
}
