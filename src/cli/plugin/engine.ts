import * as z from 'zod';
import { type Docker, DockerError } from './docker.ts';

const Version = z.object({
  Version: z.string(),
  ApiVersion: z.string(),
  MinAPIVersion: z.string().optional(),
  Arch: z.string(),
});
const Info = z.object({
  OSType: z.string(),
  KernelVersion: z.string(),
  DockerRootDir: z.string(),
  SecurityOptions: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? []),
  Swarm: z.object({ LocalNodeState: z.string() }).optional(),
});

/** What castnet wants to know of an Engine. */
export interface EngineFacts {
  readonly version: string;
  /** The newest API version that it speaks, and the oldest. */
  readonly apiVersion: string;
  readonly apiLeast: string;
  readonly os: string;
  /** As Go names it: amd64, arm64, arm, … */
  readonly architecture: string;
  readonly kernel: string;
  /** Where Docker keeps its data, /var/lib/docker by default. */
  readonly dataRoot: string;
  readonly rootless: boolean;
  /** inactive, pending, active, error or locked. */
  readonly swarm: string;
}

/** @throws DockerError when the Engine does not answer */
export async function engineFacts(docker: Docker): Promise<EngineFacts> {
  const [version, info] = await Promise.all([
    docker(['version', '--format', '{{json .Server}}']),
    docker(['info', '--format', '{{json .}}']),
  ]);
  const server = Version.safeParse(JSON.parse(version));
  const facts = Info.safeParse(JSON.parse(info));
  if (!server.success || !facts.success) {
    throw new DockerError(['info'], 'the Docker Engine answers in a form castnet does not know');
  }
  return {
    version: server.data.Version,
    apiVersion: server.data.ApiVersion,
    apiLeast: server.data.MinAPIVersion ?? server.data.ApiVersion,
    os: facts.data.OSType,
    architecture: server.data.Arch,
    kernel: facts.data.KernelVersion,
    dataRoot: facts.data.DockerRootDir,
    rootless: facts.data.SecurityOptions.some((option) => option.startsWith('name=rootless')),
    swarm: facts.data.Swarm?.LocalNodeState ?? 'inactive',
  };
}
