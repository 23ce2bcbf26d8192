import { portName } from '../../core/names.ts';
import { run } from '../../system/run.ts';
import { createPort, type PortRequest } from '../kernel.ts';
import { inNamespace } from '../namespace.ts';
import { hookLine } from './lines.ts';

/**
 * Makes a container's port with the hook of the fast path, while nobody sends by it yet: a hook that is
 * made later stops the port for a moment.
 */
export async function createHookedPort(request: PortRequest): Promise<void> {
  await createPort(request);
  const line = `${hookLine({ dev: portName(request.endpoint) })}\n`;
  // One that cannot be made now is tried again with the filter.
  await run(inNamespace('tc', '-batch', '-'), line).catch(() => {});
}
